/**
 * The main thread's side of the door: what one worker thread may ask of the system.
 *
 * D1  A worker that dies harms nobody: what it asked goes on, its answer goes nowhere, its watches end.
 * D2  A slow worker is sent one snapshot at a time, always the newest; what it could not look at in time is skipped.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expose, type Remote, releaseProxy } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Call } from '../calls.ts';
import type { Ref, Snapshot } from '../refs.ts';
import { type DoorService, outcomeOf } from './wire.ts';

/** What a door leads to. */
export interface Behind {
  spawn(kind: string, options: { readonly id: string; readonly input?: unknown }): Promise<Ref>;
  readonly call: Call;
}

export interface Door {
  /** The worker's end, to be transferred to it: here it tells nothing afterwards, not even that it was closed. */
  readonly port: MessagePort;
  /** Resolves once either side has closed. */
  readonly closed: Promise<void>;
  close(): void;
}

type Watcher = Remote<(snapshot: Snapshot) => void>;

export function openDoor(behind: Behind, refOf: (kind: string, id: string) => Ref): Door {
  const { port1: ours, port2: theirs } = new MessageChannel();
  const stops = new Map<number, () => void>();
  const stop = (watch: number) => {
    stops.get(watch)?.();
    stops.delete(watch);
    return null;
  };

  const service: DoorService = {
    spawn: (kind, id, input, options) =>
      outcomeOf(async () => {
        await behind.spawn(kind, { ...options, id, input });
        return null;
      }),
    ask: (kind, id, event, options) => outcomeOf(() => refOf(kind, id).ask(event, options)),
    getSnapshot: (kind, id) => outcomeOf(() => refOf(kind, id).getSnapshot()),
    call: (name, input, options) => outcomeOf(() => behind.call(name, input, options)),
    watch: (watch, kind, id, callback) =>
      outcomeOf(() => {
        const watcher = callback as unknown as Watcher;
        const unwatch = refOf(kind, id).watch(newestFirst(watcher));
        stops.set(watch, () => {
          unwatch();
          watcher[releaseProxy]();
        });
        return null;
      }),
    unwatch: (watch) => outcomeOf(() => stop(watch)),
  };
  // Without a prototype: a path of property names leads to these functions and nowhere else.
  expose(Object.freeze(Object.assign(Object.create(null) as object, service)), nodeEndpoint(ours));
  // The worker keeps the process alive as long as it wants; its door does not.
  ours.unref();
  const closed = new Promise<void>((resolve) => {
    ours.once('close', () => {
      for (const watch of [...stops.keys()]) stop(watch);
      resolve();
    });
  });
  return { port: theirs, closed, close: () => ours.close() };
}

/** D2: one snapshot under way at a time, and the newest of those that came meanwhile next. */
function newestFirst(watcher: Watcher): (snapshot: Snapshot) => void {
  let waiting: Snapshot | null = null;
  let busy = false;
  const send = async (snapshot: Snapshot) => {
    busy = true;
    for (let next: Snapshot | null = snapshot; next; next = waiting) {
      waiting = null;
      // The worker reports what its callback throws; here nobody could do anything about it.
      await watcher(next).catch(() => {});
    }
    busy = false;
  };
  return (snapshot) => {
    if (busy) waiting = snapshot;
    else void send(snapshot);
  };
}
