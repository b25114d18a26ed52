/** Runs the built command, as a shell would. `npm test` builds it first. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = join(ROOT, 'dist', 'src', 'cli', 'main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string | Buffer;
}

/** The environment without what would set the command up. */
function cleanEnv(extra: RunOptions['env'] = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(SYNOD|SEMVEC|METRICS|CORS)_|^NO_COLOR$/.test(name));
  return { ...Object.fromEntries(own), ...extra };
}

function launch(args: readonly string[], { env, cwd }: RunOptions): ChildProcess {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: cwd ?? ROOT, env: cleanEnv(env) });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs a command to its end. */
export function synod(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = launch(args, options);
  child.stdin!.on('error', () => {
    // A command that refuses does not read its input to the end.
  });
  child.stdin!.end(options.input ?? '');
  return finished(child);
}

/** Starts a command and does not wait. */
export function launchSynod(args: readonly string[], options: RunOptions = {}) {
  const child = launch(args, options);
  return { child, ended: finished(child) };
}

function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export interface Served {
  readonly url: string;
  /** What stood on standard output when it was ready. */
  readonly lines: readonly string[];
  readonly child: ChildProcess;
  /** All output, once it has ended. */
  readonly ended: Promise<Finished>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

/** Starts a server on a free port and waits until it says where. */
export async function serve(args: readonly string[], options: RunOptions = {}): Promise<Served> {
  const child = launch(
    [args.includes('start') ? 'start' : 'serve', '--port', '0', ...args.filter((arg) => arg !== 'start')],
    options,
  );
  const ended = finished(child);
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (piece: string) => {
      text += piece;
      if (/^docs: .*\n/m.test(text)) resolve();
    });
    ended.then(({ code, stderr }) => reject(new Error(`ended with code ${code}: ${stderr}`)), reject);
  });
  const lines = text.trimEnd().split('\n');
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return ended;
  };
  return { url: lines[0]!.replace('synod listening on ', ''), lines, child, ended, stop };
}

/** A directory that goes when the test ends. */
export async function tempDir(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'synod-cli-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function post<T = Record<string, unknown>>(url: string, body: object, token?: string): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Puts a session with some turns into a data directory. @returns its id */
export async function fill(data: string, turns = 3): Promise<string> {
  const server = await serve(['--data', data, '--allow-anonymous']);
  let id: string | undefined;
  for (let turn = 1; turn <= turns; turn++) {
    const message = `secret question number ${turn}`;
    const run = await post<{ session_id: string }>(`${server.url}/v1/run`, {
      message,
      ...(id ? { session_id: id } : {}),
    });
    id = run.session_id;
    await post(`${server.url}/v1/store`, { session_id: id, response: `secret answer number ${turn}` });
  }
  await server.stop();
  return id!;
}
