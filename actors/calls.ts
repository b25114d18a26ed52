/**
 * Outside callers, from the moment they ask until they are answered.
 *
 * C1  A caller is settled once: answered, rejected or expired.
 * C2  An idempotency key stays taken until the fate of its event is known, also after the caller's deadline. Only then
 *     can asking again not take effect twice: the event never will, or the host remembers that it did.
 */
import { randomUUID } from 'node:crypto';
import type { Address } from './address.ts';
import type { Call } from './cell.ts';
import { Deadlines } from './deadlines.ts';
import { AppError } from './errors.ts';
import type { Answered, Clock, DeadLetter, RememberedReply } from './ports.ts';

const DEFAULT_DEADLINE_MS = 10_000;

interface Taken {
  readonly call: Call;
  readonly promise: Promise<Answered>;
}

export interface CallRequest {
  readonly address: Address;
  readonly type: string;
  readonly key: string | undefined;
  readonly deadlineMs: number | undefined;
}

export class Calls {
  readonly #deadlines: Deadlines<Call>;
  readonly #keys = new Map<string, Taken>();
  readonly #parked = new Map<string, Call>();
  /** Parked ones whose key the host remembers. */
  readonly #remembered = new WeakSet<Call>();
  /** Names of parked callers travel in messages and outlive this process; another one's must not fit ours. */
  readonly #process = randomUUID();
  #parkedCount = 0;

  constructor(clock: Clock, bury: (letter: DeadLetter) => void) {
    this.#deadlines = new Deadlines(clock, (call) => {
      const { address, type } = call;
      const detail = 'no answer before the deadline';
      bury({ at: clock.now(), address, type, reason: 'expired', detail, from: null });
      this.#expire(call);
    });
  }

  /** The answer another call with the same key still waits for. */
  join({ address, type, key }: CallRequest): Promise<Answered> | undefined {
    if (key === undefined) return undefined;
    const taken = this.#keys.get(scoped(address.tenant, key));
    if (!taken) return undefined;
    if (!sameCall(taken.call, address, type)) return Promise.reject(reused(key, taken.call.address, taken.call.type));
    return taken.call.settled ? undefined : taken.promise;
  }

  /** Why a call has to wait: the event of an expired one with the same key may yet take effect (C2). */
  wait({ address, key }: CallRequest): AppError | null {
    return key !== undefined && this.#keys.has(scoped(address.tenant, key)) ? stillRunning(key) : null;
  }

  /** @param submit brings the event on its way; may settle the call at once */
  open({ address, type, key, deadlineMs }: CallRequest, submit: (call: Call) => void): Promise<Answered> {
    const delayMs = deadlineMs ?? DEFAULT_DEADLINE_MS;
    if (!(delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY)) {
      return Promise.reject(new TypeError(`deadlineMs is ${delayMs}, a number of ms wanted`));
    }
    let call!: Call;
    const promise = new Promise<Answered>((resolve, reject) => {
      call = { address, type, key: key ?? null, resolve, reject, settled: false, parkedAs: null };
    });
    if (key !== undefined) this.#keys.set(scoped(address.tenant, key), { call, promise });
    submit(call);
    if (!call.settled) this.#deadlines.add(call, delayMs);
    return promise;
  }

  resolve(call: Call, answer: Answered): void {
    if (this.#settle(call)) call.resolve(answer);
    this.forget(call);
  }

  reject(call: Call, error: Error): void {
    if (this.#settle(call)) call.reject(error);
    this.forget(call);
  }

  /** The event's fate is known (C2). */
  forget(call: Call): void {
    if (call.key === null) return;
    const name = scoped(call.address.tenant, call.key);
    if (this.#keys.get(name)?.call === call) this.#keys.delete(name);
  }

  /** Keeps a caller whose answer comes with a later event. @returns the name it is kept under */
  park(call: Call): string {
    const name = `${this.#process}:${++this.#parkedCount}`;
    this.#parked.set(name, call);
    call.parkedAs = name;
    return name;
  }

  /** The turn that parked it is durable, so the host remembers its key. */
  parkedForGood(call: Call): void {
    this.#remembered.add(call);
    if (call.settled) this.forget(call);
  }

  /** Gives a parked caller back, once. */
  parked(name: string): Call | undefined {
    const call = this.#parked.get(name);
    this.#parked.delete(name);
    return call;
  }

  /** Nobody will answer any more. */
  stop(error: AppError): void {
    for (const call of [...this.#parked.values()]) this.reject(call, error);
    this.#deadlines.stop();
  }

  #expire(call: Call): void {
    if (!this.#settle(call)) return;
    if (this.#remembered.has(call)) this.forget(call);
    const { address, type } = call;
    call.reject(new AppError('DEADLINE', `${address.kind} "${address.id}" did not answer "${type}" in time`));
  }

  #settle(call: Call): boolean {
    if (call.parkedAs !== null) this.#parked.delete(call.parkedAs);
    if (call.settled) return false;
    call.settled = true;
    this.#deadlines.delete(call);
    return true;
  }
}

/** Tenants and keys are anybody's text: no separator between them is safe. */
function scoped(tenant: string, key: string): string {
  return JSON.stringify([tenant, key]);
}

function sameCall(known: { address: Address; type: string }, address: Address, type: string): boolean {
  return known.address.kind === address.kind && known.address.id === address.id && known.type === type;
}

function reused(key: string, asked: Address, type: string): AppError {
  return new AppError(
    'IDEMPOTENCY_REUSED',
    `idempotency key "${key}" was used for "${type}" on ${asked.kind} "${asked.id}"; a new call needs a new key`,
  );
}

function stillRunning(key: string): AppError {
  return new AppError('IDEMPOTENCY_IN_FLIGHT', `the call with idempotency key "${key}" has no answer yet`, {
    retryAfterMs: 1_000,
  });
}

/** Why a remembered reply cannot be this call's answer, or null. */
export function replyTrouble(known: RememberedReply, address: Address, type: string): AppError | null {
  if (!sameCall({ address: known.asked, type: known.type }, address, type)) {
    return reused(known.key, known.asked, known.type);
  }
  return known.pending ? stillRunning(known.key) : null;
}
