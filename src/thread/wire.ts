/** What goes over the port between a worker thread and the system: plain data, and errors as data. */
import { AppError, type ErrorCode } from '../../actors/errors.ts';
import type { AskOptions } from '../../actors/ports.ts';
import type { CallInput, CallOptions } from '../calls.ts';
import type { LooseEvent, Reply, Snapshot } from '../refs.ts';

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: unknown;
  readonly retryAfterMs: number | undefined;
}

/** An answer never throws across the port: Comlink would strip an error of its code. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

/** What the main thread does for a worker. */
export interface DoorService {
  spawn(kind: string, id: string, input: unknown, options: AskOptions): Promise<Outcome<null>>;
  ask(kind: string, id: string, event: LooseEvent, options: AskOptions): Promise<Outcome<Reply>>;
  getSnapshot(kind: string, id: string): Promise<Outcome<Snapshot>>;
  call(name: string, input: CallInput, options: CallOptions): Promise<Outcome<unknown>>;
  /** @param watch a number of the worker's choice, to stop it by */
  watch(watch: number, kind: string, id: string, callback: (snapshot: Snapshot) => void): Promise<Outcome<null>>;
  unwatch(watch: number): Promise<Outcome<null>>;
}

/** Runs one request; a bug on this side is a code on the other, without its detail. */
export async function outcomeOf<T>(request: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await request() };
  } catch (error) {
    return { ok: false, error: toWire(error) };
  }
}

function toWire(error: unknown): WireError {
  if (error instanceof AppError) {
    const { code, message, details, retryAfterMs } = error;
    return { code, message, details, retryAfterMs };
  }
  const misuse = error instanceof TypeError;
  const message = misuse ? error.message : 'internal error';
  return { code: misuse ? 'INVALID' : 'INTERNAL', message, details: undefined, retryAfterMs: undefined };
}

export function fromWire({ code, message, details, retryAfterMs }: WireError): AppError {
  return new AppError(code, message, { details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}
