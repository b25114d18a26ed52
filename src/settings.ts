/** The configuration, put together from options, environment and defaults. */
import { AppError } from '../actors/errors.ts';
import type { Config } from './config.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings-table.ts';

export type { Setting } from './setting.ts';
export { SETTINGS } from './settings-table.ts';

/**
 * Puts a configuration together: options win over the environment, the environment over the defaults.
 *
 * @param options values as given on the command line, by option name; a switch is `true`
 * @throws AppError INVALID naming the option or variable, what was found and what was wanted
 */
export function loadConfig(
  options: Readonly<Record<string, string | boolean | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const config: Record<string, unknown> = {};
  for (const setting of SETTINGS) put(config, setting.path, settingValue(setting, options, env));
  return config as unknown as Config;
}

function settingValue(
  setting: Setting,
  options: Readonly<Record<string, string | boolean | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  const given = options[setting.option];
  if (given !== undefined) return parse(setting, String(given), `--${setting.option}`);
  for (const name of setting.env) {
    const value = env[name];
    if (value !== undefined) return parse(setting, value, name);
  }
  return setting.default;
}

function parse(setting: Setting, value: string, where: string): unknown {
  try {
    return setting.parse(value);
  } catch (error) {
    const found = setting.secret ? 'a value' : `"${value}"`;
    throw new AppError('INVALID', `${where} is ${found}, wanted ${(error as Error).message}`);
  }
}

function put(config: Record<string, unknown>, path: string, value: unknown): void {
  const [head, tail] = path.split('.') as [string, string | undefined];
  if (tail === undefined) {
    config[head] = value;
    return;
  }
  const inner = (config[head] ?? {}) as Record<string, unknown>;
  inner[tail] = value;
  config[head] = inner;
}
