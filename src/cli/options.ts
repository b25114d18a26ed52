/** Options of a command, from the words behind it. */
import { parseArgs } from 'node:util';
import { messageOf } from '../../actors/errors.ts';
import { SETTINGS } from '../settings.ts';

/** The words of the call are off. */
export class UsageError extends Error {}

export interface Option {
  readonly name: string;
  /** What a value looks like; absent for a switch. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  readonly summary: string;
  /** Options of its own. */
  readonly options: readonly Option[];
  /** Also takes every option of the configuration. */
  readonly configured?: boolean;
  /** What may stand behind the command without dashes. */
  readonly operands?: string;
  /** @returns exit code */
  run(options: Options, env: NodeJS.ProcessEnv): Promise<number>;
}

/** Every option a command takes. */
export function optionsOf(command: Command): readonly Option[] {
  if (!command.configured) return command.options;
  const settings = SETTINGS.map(({ option, value, help }) => ({
    name: option,
    help,
    ...(value === undefined ? {} : { value }),
  }));
  return [...command.options, ...settings];
}

/** @throws UsageError naming the option and what was wanted */
export function parseOptions(command: Command, argv: readonly string[]): Options {
  const known = Object.fromEntries(
    optionsOf(command).map(({ name, value }) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: known,
      strict: true,
      allowPositionals: command.operands !== undefined,
    });
    return { ...values, ...(positionals.length > 0 ? { _: positionals.join(' ') } : {}) } as Options;
  } catch (error) {
    // Node's sentence goes on about `--`; the first one says what is wrong.
    throw new UsageError(
      messageOf(error)
        .split(/\.\s|\n/)[0]!
        .replace(/\.$/, ''),
    );
  }
}
