/**
 * Group commit: turns of all actors that finish in the same moment share one transaction and one fsync.
 *
 * G1  One commit is in flight at a time; what comes meanwhile forms the next one.
 * G2  `done` runs in the order of `add`. If a commit fails, everything in it and everything behind it is void.
 * G3  Log heads and counters move only with a commit; a failed one puts them back.
 */
import type { Address } from '../../actors/address.ts';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { Clock, LogRecord, Turn } from '../../actors/ports.ts';
import type { Op, Store } from '../store/store.ts';
import { decode, encode } from './codec.ts';
import { append, type EncodedEvent, encodeEvent, type Head, readHead } from './log.ts';
import { turnOps } from './rows.ts';

/** Largest commit: keeps a single fsync's latency bounded under a flood. */
const MAX_TURNS = 4_096;
const MAX_BYTES = 8 * 2 ** 20;

/** Between two attempts to write while the store refuses. */
const PROBE_MS = 1_000;

interface Queued {
  readonly turn: Turn;
  readonly events: readonly EncodedEvent[];
  readonly ops: Op[];
  readonly bytes: number;
  readonly done: (error?: Error) => void;
}

export interface Committed {
  readonly turns: readonly Turn[];
  readonly records: readonly LogRecord[];
}

export interface GroupCommitOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly relaxed: boolean;
  /** Told after `done` of every turn of a commit ran. */
  readonly onCommitted: (committed: Committed) => void;
  /** Relaxed only: these were acknowledged and are lost. */
  readonly onLost: (addresses: readonly Address[]) => void;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #heads = new Map<string, Head>();
  readonly #counts = new Map<string, number>();
  #queue: Queued[] = [];
  #extra: Op[] = [];
  #queuedBytes = 0;
  #flyingTurns = 0;
  #flyingBytes = 0;
  #scheduled = false;
  #flying = false;
  #idle: (() => void)[] = [];
  #probing: { cancel(): void } | null = null;
  /** The last commit's failure, until one succeeds. */
  failure: Error | null = null;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Queues a turn. One that has no bytes (a function inside an event) fails at once. */
  add(turn: Turn, done: (error?: Error) => void): void {
    let queued: Queued;
    try {
      const events = turn.events.map(encodeEvent);
      const ops = turnOps(turn, this.#options.clock.now());
      let bytes = 0;
      for (const event of events) bytes += event.bytes.length;
      for (const op of ops) if (op.op === 'put') bytes += op.value.length;
      queued = { turn, events, ops, bytes, done };
    } catch (error) {
      done(error as Error);
      return;
    }
    this.#queue.push(queued);
    this.#queuedBytes += queued.bytes;
    this.#schedule();
  }

  /** Rows that ride along with the next commit and that nobody waits for. */
  ride(ops: readonly Op[]): void {
    this.#extra.push(...ops);
    this.#schedule();
  }

  backlog(): { turns: number; bytes: number } {
    return { turns: this.#queue.length + this.#flyingTurns, bytes: this.#queuedBytes + this.#flyingBytes };
  }

  head(tenant: string): Head {
    return this.#heads.get(tenant) ?? readHead(this.#options.store, tenant);
  }

  /** Living actors of a kind, as of the last commit. */
  count(kind: string): number {
    const known = this.#counts.get(kind);
    if (known !== undefined) return known;
    const bytes = this.#options.store.get('meta', ['count', kind]);
    const count = bytes ? decode<number>(bytes) : 0;
    this.#counts.set(kind, count);
    return count;
  }

  /** Resolves when nothing is queued or in flight. */
  async idle(): Promise<void> {
    this.#probing?.cancel();
    while (this.#flying || this.#scheduled || this.#queue.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  #schedule(): void {
    if (this.#flying || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#flush();
    });
  }

  #take(): Queued[] {
    let bytes = 0;
    let n = 0;
    while (n < this.#queue.length && n < MAX_TURNS && bytes < MAX_BYTES) bytes += this.#queue[n++]!.bytes;
    const batch = this.#queue.splice(0, n);
    this.#queuedBytes -= bytes;
    this.#flyingBytes = bytes;
    this.#flyingTurns = n;
    return batch;
  }

  async #flush(): Promise<void> {
    this.#flying = true;
    while (this.#queue.length > 0 || this.#extra.length > 0) {
      const batch = this.#take();
      const extra = this.#extra;
      this.#extra = [];
      await this.#commit(batch, extra);
    }
    this.#flying = false;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  async #commit(batch: readonly Queued[], extra: readonly Op[]): Promise<void> {
    const records: LogRecord[] = [];
    const heads = new Map<string, Head>();
    const counts = new Map<string, number>();
    const ops: Op[] = [];
    for (const { turn, events, ops: own } of batch) {
      const { tenant, kind } = turn.address;
      let head = heads.get(tenant) ?? this.head(tenant);
      if (head.seq === 0) ops.push({ op: 'put', table: 'meta', key: ['tenant', tenant], value: encode(1) });
      for (const event of events) head = append(head, turn.address, event, ops, records);
      heads.set(tenant, head);
      // After the event rows: removing an actor clears them too.
      ops.push(...own);
      const change = (turn.created ? 1 : 0) - (turn.removed ? 1 : 0);
      if (change !== 0) counts.set(kind, (counts.get(kind) ?? this.count(kind)) + change);
    }
    for (const [kind, count] of counts)
      ops.push({ op: 'put', table: 'meta', key: ['count', kind], value: encode(count) });
    ops.push(...extra);
    const { store, relaxed } = this.#options;
    try {
      const durable = store.commit(ops);
      if (relaxed) for (const { done } of batch) done();
      await durable;
    } catch (error) {
      this.#failed(batch, error);
      return;
    }
    this.failure = null;
    for (const [tenant, head] of heads) this.#heads.set(tenant, head);
    for (const [kind, count] of counts) this.#counts.set(kind, count);
    this.#flyingBytes = 0;
    this.#flyingTurns = 0;
    if (!relaxed) for (const { done } of batch) done();
    this.#options.onCommitted({ turns: batch.map(({ turn }) => turn), records });
  }

  /** Without traffic nothing would notice that the cause is gone. */
  #probe(): void {
    this.#probing?.cancel();
    this.#probing = this.#options.clock.setTimeout(() => {
      this.ride([{ op: 'put', table: 'meta', key: ['probe'], value: encode(this.#options.clock.now()) }]);
    }, PROBE_MS);
  }

  /** G2: later turns may rest on the failed ones, so all of them go. */
  #failed(batch: readonly Queued[], cause: unknown): void {
    const error =
      cause instanceof AppError
        ? cause
        : new AppError('STORE_FAILED', `the store did not take the commit: ${messageOf(cause)}`, {
            cause,
            retryAfterMs: 1_000,
          });
    this.failure = error;
    this.#probe();
    const behind = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#flyingBytes = 0;
    this.#flyingTurns = 0;
    if (this.#options.relaxed) this.#options.onLost(batch.map(({ turn }) => turn.address));
    else for (const { done } of batch) done(error);
    for (const { done } of behind) done(error);
  }
}
