/** Starts our own server as a child process on loopback, watches it, and stops it again. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Seen, Tally } from '../coordination/audit.ts';
import type { Reply, Request, Sample, TableWeight } from './child.ts';

export interface OwnServer {
  readonly url: string;
  /** From the start of the process until it listens. */
  readonly readyMs: number;
  /** Grows while it runs. */
  readonly samples: readonly Sample[];
  /** The process after garbage collection, and how many actors are in memory. */
  settle(): Promise<{ readonly sample: Sample; readonly live: number }>;
  /** What is in its store, table by table. */
  weigh(): Promise<readonly TableWeight[]>;
  /** Calls back for each drift that reaches a region, from now on. */
  watch(seen: (seen: Seen) => void): void;
  /** What its log has since it started. */
  audit(): Promise<Tally>;
  stop(): Promise<void>;
}

export interface OwnServerOptions {
  readonly data: string;
  /** Settings of `synod serve` beside data, port and anonymous mode. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Between two samples; 0 takes none. */
  readonly everyMs?: number;
  readonly collectable?: boolean;
}

/** A child which has not stopped by then is killed. */
const STOP_MS = 15_000;
const READY_MS = 120_000;

export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const { data, settings = {}, everyMs = 0, collectable = false } = options;
  const started = performance.now();
  const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), {
    // As `npm start` does.
    execArgv: ['--max-semi-space-size=32', ...(collectable ? ['--expose-gc'] : [])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const samples: Sample[] = [];
  child.on('message', (reply: Reply) => {
    if (reply.type === 'sample') samples.push(reply.sample);
  });
  const send = (request: Request) => child.connected && child.send(request);
  const ready = answer(child, 'ready');
  send({ type: 'start', everyMs, options: { data, port: '0', 'allow-anonymous': true, ...settings } });
  const { url } = await ready;
  const readyMs = performance.now() - started;
  return {
    url,
    readyMs,
    samples,
    settle: () => {
      const settled = answer(child, 'settled');
      send({ type: 'settle' });
      return settled;
    },
    weigh: async () => {
      const weighed = answer(child, 'weighed');
      send({ type: 'weigh' });
      return (await weighed).tables;
    },
    watch: (seen) => {
      child.on('message', (reply: Reply) => {
        if (reply.type === 'seen') seen(reply.seen);
      });
      send({ type: 'watch' });
    },
    audit: async () => {
      const audited = answer(child, 'audited');
      send({ type: 'audit' });
      return (await audited).tally;
    },
    stop: () => stop(child, send),
  };
}

/** The next reply of a type. @throws Error when the child ends or fails instead */
function answer<T extends Reply['type']>(child: ChildProcess, type: T): Promise<Extract<Reply, { type: T }>> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      clearTimeout(late);
      child.off('message', heard).off('exit', ended);
      then();
    };
    const heard = (reply: Reply) => {
      if (reply.type === type) settle(() => resolve(reply as Extract<Reply, { type: T }>));
      if (reply.type === 'failed') settle(() => reject(new Error(`the server did not start: ${reply.message}`)));
    };
    const ended = (code: number | null) => settle(() => reject(new Error(`the server ended with code ${code}`)));
    const late = setTimeout(() => {
      child.kill('SIGKILL');
    }, READY_MS);
    child.on('message', heard).on('exit', ended);
  });
}

async function stop(child: ChildProcess, send: (request: Request) => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  send({ type: 'stop' });
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}
