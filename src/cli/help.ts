/** What `synod help` prints. */

import { SETTINGS } from '../settings.ts';
import { COMMANDS } from './commands.ts';
import { type Option, optionsOf, variableOf } from './options.ts';
import { table } from './table.ts';

const INTRO = 'synod — an actor runtime for teams of AI agents';
const OUTRO = 'synod help <command> lists its options. Every option is also an environment variable SYNOD_*.';

/** Help on a command, or on all of them. */
export function helpText(name?: string): string {
  const command = name === undefined ? undefined : COMMANDS[name];
  if (!command) {
    const rows = Object.entries(COMMANDS).map(([key, { summary }]) => [key, summary]);
    return `${INTRO}\n\nUsage: synod <command> [options]\n\n${table(rows, '  ')}\n\n${OUTRO}\n`;
  }
  const own = new Set(command.options);
  const rows = optionsOf(command).map((option) => [
    `--${option.name}${option.value ? ` ${option.value}` : ''}`,
    own.has(option) ? explain(option) : explainSetting(option),
  ]);
  const operands = command.operands ? ` ${command.operands}` : '';
  const usage = `Usage: synod ${name}${rows.length > 0 ? ' [options]' : ''}${operands}`;
  return `${command.summary}\n\n${usage}\n${rows.length > 0 ? `\n${table(rows, '  ')}\n` : ''}`;
}

function explainSetting({ name, help }: Option): string {
  const setting = SETTINGS.find(({ option }) => option === name)!;
  const { default: value, env } = setting;
  const shown = value === undefined || value === false || String(value) === '' ? '' : `default ${value}; `;
  return `${help} (${shown}${env.join(', ')})`;
}

function explain(option: Option): string {
  const facts = [
    option.required ? 'required' : '',
    option.default === undefined ? '' : `default ${option.default}`,
    // Where the variable does not follow from the name, say it.
    option.env === undefined ? '' : variableOf(option),
  ].filter((fact) => fact !== '');
  return facts.length === 0 ? option.help : `${option.help} (${facts.join(', ')})`;
}
