/** What `synod help` prints. */
import { COMMANDS } from './commands.ts';
import { optionsOf } from './options.ts';

export function helpText(name?: string): string {
  const command = name === undefined ? undefined : COMMANDS[name];
  if (!command) {
    const rows = Object.entries(COMMANDS).map(([key, { summary }]) => [key, summary] as const);
    return `synod — an actor runtime for teams of AI agents\n\nUsage: synod <command> [options]\n\n${table(rows)}\n\nsynod help <command> lists its options. Every server option is also an environment variable SYNOD_*.\n`;
  }
  const rows = optionsOf(command).map(
    ({ name: option, value, help }) => [`--${option}${value ? ` ${value}` : ''}`, help] as const,
  );
  const usage = `Usage: synod ${name}${command.operands ? ` ${command.operands}` : ''}${rows.length > 0 ? ' [options]' : ''}`;
  return `${command.summary}\n\n${usage}\n${rows.length > 0 ? `\n${table(rows)}\n` : ''}`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
