/**
 * An operation is something the outside may ask, as a plain value. Routing, validation, OpenAPI, clients, tools and
 * the tenancy tests are loops over lists of these.
 *
 * To add an endpoint: make one with {@link operation} beside those in `src/operations/`, and list it in `OPERATIONS` of
 * `src/operations/index.ts`. Nothing else has to know of it.
 */
import type { z } from 'zod';
import type { Services } from './services.ts';

/** Whose interface it is, and so the shape of its errors: `cortex` is semvec's, `synod` the house's own. */
export type Dialect = 'cortex' | 'sel' | 'cellstate' | 'synod';
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Who is asking, and how this one request is to be treated. */
export interface Caller {
  /** The subject: owner of everything the request may see. */
  readonly tenant: string;
  readonly tier: 'community' | 'pro' | 'enterprise';
  readonly anonymous: boolean;
  readonly requestId: string;
  /** The client's address, as the proxy headers say when trusted. */
  readonly ip: string;
  readonly idempotencyKey?: string;
  /** Makes a new id: random, or derived from the idempotency key so that a repeated request makes the same ones. */
  newId(): string;
}

export interface Context {
  readonly caller: Caller;
  readonly services: Services;
}

/** Where the parts of the input come from; absent parts are not read. */
export interface InputSchemas {
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** By their names in lower case. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
}

type Part<S, K extends keyof InputSchemas> = S extends Record<K, infer Z extends z.ZodType> ? z.output<Z> : undefined;

export interface Input<S extends InputSchemas> {
  readonly path: Part<S, 'path'>;
  readonly query: Part<S, 'query'>;
  readonly headers: Part<S, 'headers'>;
  readonly body: Part<S, 'body'>;
}

/** A non-JSON answer, or one whose status differs from the operation's usual one. */
export class Answer {
  readonly status: number | undefined;
  readonly body: unknown;
  readonly contentType: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** It says something about the moment: a repetition under the same idempotency key is to run again. */
  readonly passing: boolean;

  constructor(
    body: unknown,
    options: {
      status?: number;
      contentType?: string;
      headers?: Readonly<Record<string, string>>;
      passing?: boolean;
    } = {},
  ) {
    this.body = body;
    this.status = options.status;
    this.contentType = options.contentType;
    this.headers = options.headers ?? {};
    this.passing = options.passing ?? false;
  }
}

export interface Operation<S extends InputSchemas = InputSchemas> {
  /** Dotted, stable: `session.run`. The OpenAPI operationId. */
  readonly name: string;
  readonly dialect: Dialect;
  readonly summary: string;
  readonly description?: string;
  readonly http: {
    readonly method: Method;
    /** `{name}` is one segment, `{name:path}` the rest of the path, slashes included. */
    readonly path: string;
    /** Other paths with the same meaning. */
    readonly aliases?: readonly string[];
    readonly status: number;
    /** Largest request body in bytes. Default: the server's. */
    readonly maxBodyBytes?: number;
  };
  readonly input: S;
  /** Shape of the success body, for the documentation and the tests. */
  readonly output: z.ZodType;
  /**
   * `open`: anybody; `tenant`: needs a token (or anonymous mode); `metrics`: Basic auth of its own.
   */
  readonly access: 'open' | 'tenant' | 'metrics';
  /** Whether it changes anything: such an operation honours `Idempotency-Key`. */
  readonly mutates: boolean;
  /** Its answer holds a secret that is not shown again: kept for a repetition, it is encrypted. */
  readonly secret?: true;
  /**
   * It takes its turn (`http/lanes.ts`): when many arrive at once, lighter ones overtake it. For what costs about a
   * millisecond of the thread or more, and for what comes by the thousand and waits for commits: run in one go, they
   * would keep the thread from noticing that the commit before theirs is done.
   */
  readonly heavy?: true;
  /** Error statuses beside those every operation of its access has. */
  readonly errors?: readonly number[];
  /**
   * What the body of a refusal holds beside what its dialect has, for clients that look elsewhere.
   *
   * @param body in the shape of the dialect
   */
  alsoInErrors?(body: object): object;
  /**
   * A call that works, for the documentation and the generated tests. `$session` stands for the id of an existing
   * session of the caller, `$hash` for one of its memories, `$key` for one of its entities, `$cluster` for a cluster,
   * `$member` for a session that belongs to it, `$region` for the region the cluster is in, which the observer looks
   * at, `$vector` for a vector of the embedder's dimension, `$user` for a user of the caller, `$proposal` and `$decided`
   * for an open and a decided proposal, `$webhook` for a webhook, `$event` for an event and `$signal` for a living signal.
   */
  readonly example: { readonly path?: object; readonly query?: object; readonly body?: unknown };
  /** Where ids of somebody's property appear in the input: `path.id`, `body.session_id`. Drives the tenancy tests. */
  readonly owned: readonly string[];
  /** @returns the success body, or an {@link Answer}; what goes wrong is thrown as an `AppError` */
  run(context: Context, input: Input<S>): Promise<unknown>;
}

/** One operation that still knows its name and its schemas, so that a client's types can be had from the list. */
export type Typed<N extends string, S extends InputSchemas, O extends z.ZodType> = Omit<
  Operation,
  'name' | 'input' | 'output'
> & {
  readonly name: N;
  readonly input: S;
  readonly output: O;
};

/** Keeps the types of one operation; to the loops over the lists it is one like any other. */
export function operation<const N extends string, const S extends InputSchemas, O extends z.ZodType>(
  op: Operation<S> & { readonly name: N; readonly output: O },
): Typed<N, S, O> {
  return op as unknown as Typed<N, S, O>;
}
