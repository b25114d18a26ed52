/** Child processes of the push benchmark: crowds of listeners, and the baseline's server. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BareReply, BareRequest } from './bare.ts';
import type { ListenerOrders, ListenerReply, ListenerRequest } from './listeners.ts';

const PATIENCE_MS = 60_000;

export interface Crowd {
  readonly connections: number;
  /** Counts from 0 again. @param note also when each frame came */
  reset(note: boolean): Promise<unknown>;
  /** Resolves when so many frames have come to all of them together. */
  reached(frames: number): Promise<Extract<ListenerReply, { type: 'reached' }>>;
  /** Kills the process: the system ends all its connections in one moment. */
  kill(): Promise<void>;
}

/** Resolves when all are connected. */
export async function gather(orders: ListenerOrders): Promise<Crowd> {
  const child = start('./listeners.js', JSON.stringify(orders));
  await answer<ListenerReply, 'open'>(child, 'open');
  const send = (request: ListenerRequest) => child.send(request);
  return {
    connections: orders.connections,
    reset: (note) => {
      const counting = answer<ListenerReply, 'counting'>(child, 'counting');
      send({ type: 'reset', note });
      return counting;
    },
    reached: (frames) => {
      const reply = answer<ListenerReply, 'reached'>(child, 'reached');
      send({ type: 'expect', frames });
      return reply;
    },
    kill: () => kill(child),
  };
}

export interface Bare {
  readonly port: number;
  broadcast(request: BareRequest): Promise<Extract<BareReply, { type: 'sent' }>>;
  kill(): Promise<void>;
}

export async function startBare(): Promise<Bare> {
  const child = start('./bare.js');
  const { port } = await answer<BareReply, 'ready'>(child, 'ready');
  return {
    port,
    broadcast: (request) => {
      const sent = answer<BareReply, 'sent'>(child, 'sent');
      child.send(request);
      return sent;
    },
    kill: () => kill(child),
  };
}

function start(script: string, ...args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(script, import.meta.url)), args, {
    execArgv: ['--max-semi-space-size=32'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

type Reply = ListenerReply | BareReply;

/** The next reply of a type. @throws Error when the child fails, ends or takes too long */
function answer<R extends Reply, T extends R['type']>(child: ChildProcess, type: T): Promise<Extract<R, { type: T }>> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      clearTimeout(late);
      child.off('message', heard).off('exit', ended);
      then();
    };
    const heard = (reply: Reply) => {
      if (reply.type === type) settle(() => resolve(reply as Extract<R, { type: T }>));
      if (reply.type === 'failed') settle(() => reject(new Error(reply.message)));
    };
    const ended = () => settle(() => reject(new Error(`a process of the benchmark ended before it was "${type}"`)));
    const late = setTimeout(
      () => settle(() => reject(new Error(`a process of the benchmark was not "${type}" in time`))),
      PATIENCE_MS,
    );
    child.on('message', heard).on('exit', ended);
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await ended;
}
