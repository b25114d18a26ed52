/**
 * Group commit: turns of all actors that finish in the same moment share one transaction and one fsync.
 *
 * G1  One commit is in flight at a time; what comes meanwhile forms the next one.
 * G2  `done` runs in the order of `add`. If the store fails a commit, everything in it and everything behind it is
 *     void. If it only cannot store one turn (INVALID), that actor's turns are void and nobody else's.
 * G3  Log heads and counters move only with a commit; a failed one leaves them where they were.
 */
import { type Address, formatAddress } from '../../actors/address.ts';
import { AppError, messageOf } from '../../actors/errors.ts';
import type { Clock, RememberedReply, Turn } from '../../actors/ports.ts';
import type { Op, Store } from '../store/store.ts';
import { decode } from './codec.ts';
import { type Appended, encodeEvent, type Head, readHead } from './log.ts';
import { type Encoded, type Indexer, plan } from './plan.ts';
import { turnOps } from './rows.ts';
import { Unwritten } from './unwritten.ts';

/** Largest commit: keeps a single fsync's latency bounded under a flood. */
const MAX_TURNS = 4_096;
const MAX_BYTES = 8 * 2 ** 20;

/** Between two attempts to write while the store refuses. */
const PROBE_MS = 1_000;
/** What such an attempt writes at least: a row of a few bytes finds a place on a disk that is full for every turn. */
const PROBE_BYTES = 64 * 1024;

/** Tenants whose log head stays in memory; any other's is one look into the store. */
const HEADS = 10_000;

interface Queued extends Encoded {
  readonly bytes: number;
  readonly done: (error?: Error) => void;
  /** Relaxed only: `done` ran before the data was written. */
  acknowledged: boolean;
}

export interface Committed {
  readonly turns: readonly Turn[];
  readonly records: readonly Appended[];
}

export interface GroupCommitOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Whether a turn is acknowledged before it is written. */
  readonly relaxed: (turn: Turn) => boolean;
  readonly index?: Indexer | undefined;
  /** Told after `done` of every turn of a commit ran. */
  readonly onCommitted: (committed: Committed) => void;
  /** Relaxed only: these were acknowledged and are lost. */
  readonly onLost: (addresses: readonly Address[]) => void;
  /** Something that was told about a commit threw. */
  readonly onFault: (error: unknown) => void;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #heads = new Map<string, Head>();
  readonly #counts = new Map<string, number>();
  readonly #unwritten = new Unwritten();
  #queue: Queued[] = [];
  #extra: Op[] = [];
  #queuedBytes = 0;
  #flyingTurns = 0;
  #flyingBytes = 0;
  #scheduled = false;
  #flying = false;
  #idle: (() => void)[] = [];
  #probing: { cancel(): void } | null = null;
  /** What did not fit, until something does. */
  #probeBytes = PROBE_BYTES;
  #stopped = false;
  /** Of the last commit; null when it succeeded. */
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
      queued = { turn, events, ops, bytes, done, acknowledged: false };
    } catch (error) {
      done(error as Error);
      return;
    }
    this.#queue.push(queued);
    this.#queuedBytes += queued.bytes;
    if (this.#options.relaxed(turn)) this.#unwritten.add(turn);
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

  /** Relaxed only: resolves when the acknowledged turns of an actor are written or lost; undefined when none are open. */
  written(address: Address): Promise<void> | undefined {
    return this.#unwritten.settled(address);
  }

  /** Relaxed only: a reply that was given and is not written yet. */
  unwrittenReply(tenant: string, key: string): RememberedReply | undefined {
    return this.#unwritten.reply(tenant, key);
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
    while (this.#flying || this.#scheduled || this.#queue.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  /** Looks no more whether the store takes commits again. */
  stop(): void {
    this.#stopped = true;
    this.#probing?.cancel();
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
      await this.#write(batch, extra);
      this.#flyingBytes = 0;
      this.#flyingTurns = 0;
      if (this.#heads.size > HEADS) this.#heads.clear();
      // A store in memory settles without the event loop: two actors that answer each other would never let it in.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#flying = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #write(batch: readonly Queued[], extra: readonly Op[]): Promise<void> {
    try {
      await this.#commit(batch, extra);
    } catch (error) {
      if (error instanceof AppError && error.code === 'INVALID') await this.#writeApart(batch, extra, error);
      else this.#failed(batch, error);
    }
  }

  /** Something in this commit cannot be stored: turn by turn the innocent ones get through (G2). */
  async #writeApart(batch: readonly Queued[], extra: readonly Op[], error: AppError): Promise<void> {
    if (batch.length === 0) {
      this.#options.onFault(error);
      return;
    }
    await this.#write([], extra);
    for (let rest = batch; rest.length > 0; ) {
      const [first] = rest as [Queued];
      try {
        await this.#commit([first], []);
        rest = rest.slice(1);
      } catch (cause) {
        if (!(cause instanceof AppError && cause.code === 'INVALID')) {
          this.#failed(rest, cause);
          return;
        }
        this.#refuse(
          rest.filter((queued) => sameActor(queued, first)),
          cause,
        );
        rest = rest.filter((queued) => !sameActor(queued, first));
      }
    }
  }

  async #commit(batch: readonly Queued[], extra: readonly Op[]): Promise<void> {
    if (batch.length === 0 && extra.length === 0) return;
    const { store, relaxed, index } = this.#options;
    const { ops, records, heads, counts } = plan(batch, extra, this, index);
    const durable = store.commit(ops);
    this.#acknowledge(batch.filter(({ turn }) => relaxed(turn)));
    await durable;
    this.failure = null;
    this.#probeBytes = PROBE_BYTES;
    for (const [tenant, head] of heads) this.#heads.set(tenant, head);
    for (const [kind, count] of counts) this.#counts.set(kind, count);
    this.#acknowledge(batch);
    for (const { turn } of batch) this.#unwritten.delete(turn);
    this.#guard(() => this.#options.onCommitted({ turns: batch.map(({ turn }) => turn), records }));
  }

  #acknowledge(batch: readonly Queued[]): void {
    for (const queued of batch) {
      if (queued.acknowledged) continue;
      queued.acknowledged = true;
      this.#guard(() => queued.done());
    }
  }

  /** Nobody who is told about a commit can stop the next one. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  /** These turns of one actor are void, and so are those behind them (G2). */
  #refuse(own: readonly Queued[], error: AppError): void {
    const behind = this.#queue.filter((queued) => sameActor(queued, own[0]!));
    if (behind.length > 0) this.#queue = this.#queue.filter((queued) => !behind.includes(queued));
    for (const queued of behind) this.#queuedBytes -= queued.bytes;
    this.#void([...own, ...behind], error);
  }

  /** G2: later turns may rest on the failed ones, so all of them go. */
  #failed(batch: readonly Queued[], cause: unknown): void {
    const message = cause instanceof AppError ? cause.message : `the store did not take it: ${messageOf(cause)}`;
    const error = new AppError('STORE_FAILED', message, { cause, retryAfterMs: PROBE_MS });
    this.failure = error;
    this.#probeBytes = Math.max(
      this.#probeBytes,
      batch.reduce((bytes, queued) => bytes + queued.bytes, 0),
    );
    this.#probe();
    const behind = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#void([...batch, ...behind], error);
  }

  #void(turns: readonly Queued[], error: AppError): void {
    const lost = new Map<string, Address>();
    for (const { turn, acknowledged } of turns) {
      this.#unwritten.delete(turn);
      if (acknowledged) lost.set(formatAddress(turn.address), turn.address);
    }
    if (lost.size > 0) this.#guard(() => this.#options.onLost([...lost.values()]));
    for (const { done, acknowledged } of turns) if (!acknowledged) this.#guard(() => done(error));
  }

  /** Without traffic nothing would notice that the cause is gone. What failed once should fit now. */
  #probe(): void {
    this.#probing?.cancel();
    if (this.#stopped) return;
    this.#probing = this.#options.clock.setTimeout(() => {
      this.ride([{ op: 'put', table: 'meta', key: ['probe'], value: new Uint8Array(this.#probeBytes) }]);
    }, PROBE_MS);
  }
}

function sameActor({ turn: a }: Queued, { turn: b }: Queued): boolean {
  const [x, y] = [a.address, b.address];
  return x.id === y.id && x.kind === y.kind && x.tenant === y.tenant;
}
