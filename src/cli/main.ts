#!/usr/bin/env node
/** The `synod` command. */
import { AppError } from '../../actors/errors.ts';
import { COMMANDS } from './commands.ts';
import { helpText } from './help.ts';
import { parseOptions, UsageError } from './options.ts';

/** Wrong usage. */
const EXIT_USAGE = 2;

async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(helpText(rest[0]));
    return 0;
  }
  const command = COMMANDS[name];
  if (!command) throw new UsageError(`unknown command "${name}"; one of ${Object.keys(COMMANDS).join(', ')} wanted`);
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(helpText(name));
    return 0;
  }
  return await command.run(parseOptions(command, rest), process.env);
}

/** One line for what was expected to go wrong; a stack only for what is a bug. */
function report(error: unknown): number {
  if (error instanceof AppError || error instanceof UsageError) {
    process.stderr.write(`synod: ${error.message}\n`);
    return error instanceof UsageError || error.code === 'INVALID' ? EXIT_USAGE : 1;
  }
  process.stderr.write(`synod: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = report(error);
  },
);
