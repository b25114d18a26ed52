/** The built server as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const BIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Everything it logged. */
  stderr(): string;
  /** SIGKILL, at once; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface SpawnOptions {
  /** A command that starts the server, such as one that enters another namespace. */
  readonly prefix?: readonly string[];
  /** No file may grow beyond this, as on a full disk; `prlimit` can lift it while the server runs. */
  readonly fileLimitKiB?: number;
}

/** Starts `synod serve` in anonymous mode on a free port and waits until it answers. */
export async function spawnServer(
  data: string,
  options: readonly string[] = [],
  { prefix = [], fileLimitKiB }: SpawnOptions = {},
): Promise<ServerProcess> {
  if (!existsSync(BIN)) throw new Error(`${BIN} is missing; run npm run build first`);
  const args = [BIN, 'serve', '--port', '0', '--data', data, '--allow-anonymous', '--log-level', 'error', ...options];
  const limit = fileLimitKiB === undefined ? [] : ['bash', '-c', `ulimit -S -f ${fileLimitKiB}; exec "$@"`, 'bash'];
  const [file, ...words] = [...prefix, ...limit, process.execPath, ...args] as [string, ...string[]];
  const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnv() });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const url = await Promise.race([
    listening(child),
    exited.then(([code]) => {
      throw new Error(`the server ended with ${code} before it listened: ${stderr}`);
    }),
  ]);
  return {
    url,
    pid: child.pid!,
    stderr: () => stderr,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
  };
}

/** Settings of the machine the tests run on must not reach the server. */
function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SYNOD|SEMVEC|METRICS|CORS|NODE_OPTIONS)/.test(name)),
  );
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let stdout = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const url = /^synod listening on (\S+)$/m.exec(stdout)?.[1];
      if (url) resolve(url);
    });
  });
}
