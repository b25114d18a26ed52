/** What `createSynod` takes, and the configuration it comes to. */
import { AppError } from '../actors/errors.ts';
import type { Capacities } from '../actors/kinds/session/model.ts';
import type { Clock } from '../actors/ports.ts';
import type { SystemLogger } from '../actors/system.ts';
import type { Config } from './config.ts';
import type { Embedder } from './embedding/embedder.ts';
import type { MachineEntry } from './machines.ts';
import { loadConfig, SETTINGS } from './settings.ts';

export interface SynodOptions extends Partial<Omit<Config, 'compute' | 'embedder' | 'memory'>> {
  /** Owner of everything this system reads and writes; the subject of a token in the server. Default `local`. */
  readonly tenant?: string;
  /** Machines whose actors may be waiting on disk: their timers and messages go on at once. Others join on first spawn. */
  readonly machines?: readonly MachineEntry[];
  /** An embedder of your own, or settings of the built-in ones. */
  readonly embedder?: Embedder | Partial<Config['embedder']>;
  readonly memory?: Partial<Capacities>;
  readonly compute?: Partial<Config['compute']>;
  /** Default: JSON lines on standard error, from `logLevel` (default `warn`) up. */
  readonly logger?: SystemLogger;
  /** Environment variables to read settings from, usually `process.env`. Default: none are read. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the machine's. Tests bring their own. */
  readonly clock?: Clock;
}

/**
 * Every setting that is given, checked as on the command line; the defaults for the others.
 *
 * @throws TypeError naming the setting, what was found and what was wanted
 */
export function configOf(options: SynodOptions): Config {
  const given: Record<string, string> = {};
  const settings = { logLevel: 'warn', ...options, ...(ownEmbedder(options) ? { embedder: {} } : {}) };
  for (const { path, option } of SETTINGS) {
    const value = path
      .split('.')
      .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], settings);
    if (value !== undefined) given[option] = Array.isArray(value) ? value.join(',') : String(value);
  }
  try {
    return loadConfig(given, options.env ?? {});
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new TypeError(`createSynod: ${error.message}`, { cause: error });
  }
}

export function ownEmbedder(options: SynodOptions): Embedder | undefined {
  const { embedder } = options;
  return embedder !== undefined && 'embed' in embedder ? embedder : undefined;
}

/** One JSON line per event on standard error. */
export function stderrLogger(level: Config['logLevel']): SystemLogger {
  const order = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
  const write = (name: 'warn' | 'error') => (facts: object, message: string) => {
    if (order.indexOf(name) < order.indexOf(level)) return;
    process.stderr.write(`${JSON.stringify({ level: name, time: Date.now(), ...facts, msg: message })}\n`);
  };
  return { warn: write('warn'), error: write('error') };
}
