#!/usr/bin/env node
/** The `synod` command. */
import { AppError } from '../../actors/errors.ts';
import { VERSION } from '../version.ts';
import { COMMANDS } from './commands.ts';
import { helpText } from './help.ts';
import { readCall, UsageError } from './options.ts';

/** Wrong usage. */
const EXIT_USAGE = 2;

async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'version' || name === '--version' || name === '-v') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    if (rest[0] !== undefined) requireCommand(rest[0]);
    process.stdout.write(helpText(rest[0]));
    return 0;
  }
  const command = requireCommand(name);
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(helpText(name));
    return 0;
  }
  return await command.run(readCall(name, command, rest, process.env));
}

function requireCommand(name: string) {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) return command;
  throw new UsageError(`unknown command "${name}"; one of ${Object.keys(COMMANDS).join(', ')} wanted`);
}

/** One line for what was expected to go wrong; a stack only for what is a bug. */
function report(error: unknown): number {
  if (error instanceof AppError || error instanceof UsageError) {
    process.stderr.write(`synod: ${error.message.replace(/\s*\n\s*/g, ' ')}\n`);
    return error instanceof UsageError || error.code === 'INVALID' ? EXIT_USAGE : 1;
  }
  process.stderr.write(`synod: ${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}

/** A reader that has seen enough (`synod routes | head -1`) is no trouble: what is under way ends as it would have. */
function forgiveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

forgiveClosedPipes();
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = report(error);
  },
);
