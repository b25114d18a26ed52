/** How an outside call comes in: what is wrong with it is found here, where it harms only its sender. */
import { type Address, addressPartTrouble, keyPartTrouble, MAX_IDEMPOTENCY_KEY_BYTES } from './address.ts';
import { type CallRequest, type Calls, replyTrouble } from './calls.ts';
import type { ActorEvent, Call, Entry, KindRuntime } from './cell.ts';
import { AppError } from './errors.ts';
import { intake } from './plain.ts';
import type { Answered, AskOptions, Host, RememberedReply, View } from './ports.ts';
import type { Residence } from './residence.ts';
import type { Scheduler } from './scheduler.ts';
import { isOwnCausation } from './snapshots.ts';
import { quarantined, type Supervisor } from './supervisor.ts';
import { goneView } from './turn.ts';

export interface AdmissionOptions {
  readonly host: Host;
  readonly kinds: ReadonlyMap<string, KindRuntime>;
  readonly calls: Calls;
  readonly residence: Residence;
  readonly scheduler: Scheduler;
  readonly supervisor: Supervisor;
  readonly accepting: () => boolean;
  readonly read: (address: Address) => Promise<View | undefined>;
  readonly budgetBytes: number;
  readonly maxBacklog: number;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Brings an event into its actor's mailbox, unless its idempotency key says that this was done before. */
  call(address: Address, event: ActorEvent, options: AskOptions): Promise<Answered> {
    const { calls, host, accepting } = this.#options;
    if (!accepting()) return Promise.reject(shutDown());
    const { idempotencyKey: key, deadlineMs } = options;
    const trouble = checkAddress(address) ?? checkOptions(options);
    if (trouble) return Promise.reject(trouble);
    const request: CallRequest = { address, type: event.type, key, deadlineMs };
    const joined = calls.join(request);
    if (joined) return joined;
    const known = key === undefined ? undefined : host.remembered(address.tenant, key);
    if (known) return this.#repeat(request, known);
    const wait = calls.wait(request);
    if (wait) return Promise.reject(wait);
    return calls.open(request, (call) => {
      const refusal = this.#submit(call, event, options);
      if (refusal) calls.reject(call, refusal);
    });
  }

  async #repeat({ address, type }: CallRequest, known: RememberedReply): Promise<Answered> {
    const trouble = replyTrouble(known, address, type);
    if (trouble) throw trouble;
    const view = (await this.#options.read(address)) ?? goneView(known.revision);
    return { ...view, reply: known.reply, repeated: true };
  }

  /** @returns why the event cannot come in */
  #submit(call: Call, event: ActorEvent, options: AskOptions): Error | null {
    const { kinds, residence, scheduler, supervisor } = this.#options;
    const { address } = call;
    if (!kinds.has(address.kind)) return new AppError('NOT_FOUND', `kind "${address.kind}" is not defined here`);
    let plain: { value: ActorEvent; bytes: number };
    let create: unknown;
    try {
      plain = intake(event);
      if (options.create !== undefined) create = intake(options.create).value;
    } catch (error) {
      return error as AppError;
    }
    if (this.#overloaded(plain.bytes)) {
      const message = 'more is waiting to be stored than memory is set aside for';
      return new AppError('OVERLOADED', message, { retryAfterMs: 1_000 });
    }
    const entry: Entry = {
      event: plain.value,
      origin: { from: 'call', call },
      bytes: plain.bytes,
      correlationId: options.correlationId ?? null,
      causationId: options.causationId ?? null,
      ...(create === undefined ? {} : { create }),
      crashes: 0,
    };
    const cell = residence.cellOf(address);
    if (cell.status === 'quarantined') return quarantined(cell);
    if (scheduler.push(cell, entry, 'user')) return null;
    const waiting = cell.mailbox.length;
    supervisor.letter(cell, entry, 'mailbox-full', `mailbox holds ${waiting} events`);
    const message = `${address.kind} "${address.id}" has ${waiting} events waiting`;
    return new AppError('MAILBOX_FULL', message, { retryAfterMs: 1_000 });
  }

  #overloaded(bytes: number): boolean {
    const { host, scheduler, budgetBytes, maxBacklog } = this.#options;
    const backlog = host.backlog();
    return scheduler.queuedBytes + backlog.bytes + bytes > budgetBytes || backlog.turns > maxBacklog;
  }
}

/** A statechart's input knows its own id and the time, whatever else it is given. */
export function inputFor(address: Address, input: unknown, at: number): unknown {
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input))) return input;
  return { ...(input as object | undefined), id: address.id, at };
}

export function shutDown(): AppError {
  return new AppError('UNAVAILABLE', 'the system is shutting down', { retryAfterMs: 1_000 });
}

/** What is wrong with an address, or null. */
export function checkAddress(address: Address): AppError | null {
  for (const part of ['tenant', 'kind', 'id'] as const) {
    const trouble = addressPartTrouble(address[part]);
    if (trouble) return new AppError('INVALID', `${part} ${trouble}`);
  }
  return null;
}

function checkOptions({ idempotencyKey, causationId }: AskOptions): AppError | null {
  const trouble = idempotencyKey === undefined ? null : keyPartTrouble(idempotencyKey, MAX_IDEMPOTENCY_KEY_BYTES);
  if (trouble) return new AppError('INVALID', `idempotency key ${trouble}`);
  // A replay would take such an event for the firing of a timer, and forget the real one.
  if (causationId !== undefined && isOwnCausation(causationId)) {
    return new AppError('INVALID', `causation id "${causationId}" is the runtime's own`);
  }
  return null;
}
