/** Options of a command, from the words behind it and from the environment. */
import { parseArgs } from 'node:util';
import { flag, type Parse } from '../parsers.ts';
import { SETTINGS } from '../settings.ts';

/** The words of the call are off. */
export class UsageError extends Error {}

export interface Option {
  readonly name: string;
  /** What a value looks like; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** Environment variable; default `SYNOD_` and the name in capitals. */
  readonly env?: string;
  /** What stands in when nothing is given. */
  readonly default?: string;
  readonly required?: boolean;
  /** Checks a value; throws an Error that says what was wanted. */
  readonly parse?: Parse;
  /** Its value is never shown. */
  readonly secret?: boolean;
}

/** Values by option name: a text, or `true` for a switch. */
export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** What a command is called with. */
export interface Call {
  readonly options: Options;
  /** Words without dashes. */
  readonly operands: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface Command {
  readonly summary: string;
  /** Options of its own. */
  readonly options: readonly Option[];
  /** Also takes every option of the configuration, which `loadConfig` reads and checks. */
  readonly configured?: boolean;
  /** What may stand behind the command without dashes. */
  readonly operands?: string;
  /** @returns exit code */
  run(call: Call): Promise<number>;
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

/** The variable an option of a command's own is read from. */
export function variableOf(option: Option): string {
  return option.env ?? `SYNOD_${option.name.toUpperCase().replaceAll('-', '_')}`;
}

/** @throws UsageError naming the option or variable, what was found and what was wanted */
export function readCall(name: string, command: Command, argv: readonly string[], env: NodeJS.ProcessEnv): Call {
  const { given, operands } = parseWords(name, command, argv);
  const options: Record<string, string | boolean | undefined> = { ...given };
  for (const option of command.options) options[option.name] = settle(option, given[option.name], env);
  return { options, operands, env };
}

function settle(option: Option, given: string | boolean | undefined, env: NodeJS.ProcessEnv) {
  const variable = variableOf(option);
  if (given !== undefined) return checked(option, given, `--${option.name}`);
  const found = env[variable];
  if (found !== undefined && found !== '') return checked(option, found, variable);
  if (option.required) throw new UsageError(`--${option.name} is missing, wanted --${option.name} ${option.value}`);
  return option.default;
}

function checked(option: Option, value: string | boolean, where: string): string | boolean {
  const parse = option.value === undefined ? flag : option.parse;
  try {
    const parsed = parse?.(String(value));
    return option.value === undefined ? (parsed as boolean) : value;
  } catch (error) {
    const found = option.secret ? 'a value' : `"${value}"`;
    throw new UsageError(`${where} is ${found}, wanted ${(error as Error).message}`);
  }
}

interface Words {
  readonly given: Record<string, string | boolean>;
  readonly operands: readonly string[];
}

/** Not Node's strict mode: its sentences explain the dashes of shells and not what is wrong. */
function parseWords(name: string, command: Command, argv: readonly string[]): Words {
  const known = new Map(optionsOf(command).map((option) => [option.name, option]));
  const types = [...known.values()].map((option) => [
    option.name,
    { type: option.value === undefined ? ('boolean' as const) : ('string' as const) },
  ]);
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(types) as Record<string, { type: 'boolean' | 'string' }>,
    strict: false,
    tokens: true,
  });
  const given: Words['given'] = {};
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = known.get(token.name);
    if (!option || !token.rawName.startsWith('--')) {
      throw new UsageError(`synod ${name} takes no ${token.rawName}; see synod help ${name}`);
    }
    given[token.name] = readValue(option, token.value, token.inlineValue ?? false);
  }
  if (operands.length > 0 && command.operands === undefined) {
    throw new UsageError(`synod ${name} takes no "${operands[0]}"; see synod help ${name}`);
  }
  return { given, operands };
}

function readValue(option: Option, value: string | undefined, inline: boolean): string | boolean {
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`--${option.name} takes no value, found "${value}"`);
    return true;
  }
  // `--data --port 0` forgot the directory; one that is really named so can be given as `--data=--port`.
  if (value === undefined || (!inline && value.startsWith('--'))) {
    throw new UsageError(`--${option.name} has no value, wanted --${option.name} ${option.value}`);
  }
  return value;
}
