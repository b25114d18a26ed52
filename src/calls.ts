/** Operations asked from inside the process: the same list, schemas and code as behind HTTP, without the wire. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../actors/errors.ts';
import { createIds } from './http/idempotency.ts';
import { createValidator } from './http/validation.ts';
import { OPERATIONS } from './operations/index.ts';
import { Answer, type Caller, type Operation } from './operations/operation.ts';
import type { Services } from './operations/services.ts';

type Scalar = string | number | boolean;

/** The parts of an operation's input, by the names the REST reference gives them. */
export interface CallInput {
  readonly path?: Readonly<Record<string, Scalar>>;
  readonly query?: Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>;
  readonly body?: unknown;
}

export interface CallOptions {
  /** The same key never takes effect twice. */
  readonly idempotencyKey?: string;
}

export type Call = <TOutput = unknown>(name: string, input?: CallInput, options?: CallOptions) => Promise<TOutput>;

/** @returns a function that runs an operation by its name, for one tenant */
export function createCall(services: Services, tenant: string): Call {
  const byName = new Map(OPERATIONS.map((operation) => [operation.name, withValidator(operation)]));

  return async <TOutput>(name: string, input: CallInput = {}, options: CallOptions = {}) => {
    const found = byName.get(name);
    if (!found) throw new AppError('NOT_FOUND', `there is no operation "${name}"`);
    const { operation, validate } = found;
    const { idempotencyKey } = options;
    const caller: Caller = {
      tenant,
      tier: 'enterprise',
      anonymous: false,
      requestId: randomUUID(),
      ip: '127.0.0.1',
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      newId: createIds(tenant, idempotencyKey),
    };
    const valid = validate({ params: texts(input.path ?? {}), search: searchOf(input.query ?? {}), body: input.body });
    // The schemas have just vouched for these types, which the widened list no longer knows.
    const output = await operation.run({ caller, services }, valid as never);
    return (output instanceof Answer ? output.body : output) as TOutput;
  };
}

function withValidator(operation: Operation) {
  return { operation, validate: createValidator(operation) };
}

function texts(path: Readonly<Record<string, Scalar>>): Record<string, string> {
  return Object.fromEntries(Object.entries(path).map(([key, value]) => [key, String(value)]));
}

function searchOf(query: NonNullable<CallInput['query']>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const item of [value].flat()) search.append(key, String(item));
  }
  return search.toString();
}

/** The part of a call's options that a method of its own passes on. */
export function keyed(idempotencyKey: string | undefined): CallOptions {
  return idempotencyKey === undefined ? {} : { idempotencyKey };
}

/** Lets one kind of trouble pass: what was wanted is already so. */
export function unless(code: AppError['code']): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof AppError && error.code === code) return undefined;
    throw error;
  };
}
