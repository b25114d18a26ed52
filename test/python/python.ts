/** The machine's own `python3`, with the Python client of this repository. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** `clients/python`, where the package and its own tests are. */
export const PACKAGE = fileURLToPath(new URL('../../clients/python/', import.meta.url));

export interface Script {
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has printed such a line; rejects when it ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** null: killed by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `python3` with these arguments. Warnings are errors, output is not buffered, no bytecode is left behind.
 *
 * @param env beside what it needs to find the package
 */
export function python(args: readonly string[], env: Readonly<Record<string, string>> = {}): Script {
  const child = spawn('python3', ['-u', '-B', '-W', 'error', ...args], {
    cwd: PACKAGE,
    env: { ...process.env, PYTHONPATH: PACKAGE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = end(child);
  // Whoever waits for a line hears of it there.
  ended.catch(() => {});
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended.catch(() => {});
  });
  let stdout = '';
  child.stdout.on('data', (text: string) => {
    stdout += text;
  });
  return {
    signal: (name) => void child.kill(name),
    ended,
    line: async (pattern) => {
      const over = ended.then(({ code, stderr }) => {
        throw new Error(`python3 ended with ${code} and never printed ${pattern}: ${stdout}${stderr}`);
      });
      over.catch(() => {});
      for (;;) {
        const match = pattern.exec(stdout);
        if (match) return match;
        await Promise.race([once(child.stdout, 'data'), over]);
      }
    },
  };
}

async function end(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const [code] = (await once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error('python3 is missing: the tests of the Python client need it, such as from apt-get install python3');
  })) as [number | null];
  return { code, ...texts };
}

/** Runs a script to its end, and fails with what it printed unless it went well. Returns its standard output. */
export async function runPython(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await python(args, env).ended;
  if (code !== 0) throw new Error(`python3 ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
