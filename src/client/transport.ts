/**
 * Requests on their way: who asks, how long, and how often.
 *
 * T1  A request that changes something carries one `Idempotency-Key` through all its repetitions, so a reply that was
 *     lost after the effect is given again and the effect is not.
 * T2  Repeated is only what can go better: no answer, or one whose code says so.
 * T3  A call ends by its deadline, whatever happens.
 */
import { errorOf, SynodError } from './error.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import type { RouteRequest } from './route.ts';
import { backoffMs, controllerUnder, sleep } from './wait.ts';

const DEADLINE_MS = 30_000;
const RETRIES = 4;
const BACKOFF = { firstMs: 250, maxMs: 8_000 };
/** With it every dialect of the server tells its error code. */
const ACCEPT = 'application/json, application/problem+json';

export class Transport {
  /** Without a slash at its end. */
  readonly url: string;
  readonly options: ClientOptions;
  readonly #fetch: typeof fetch;

  constructor(url: string, options: ClientOptions) {
    if (!URL.canParse(url) || !/^https?:/.test(url)) throw new TypeError(`"${url}" is no http or https URL`);
    this.url = url.replace(/\/+$/, '');
    this.options = options;
    // A browser's fetch must be called on the window.
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /**
   * Sends until there is an answer worth having.
   *
   * @returns the JSON of the body, the text of one that is no JSON, undefined for none
   * @throws SynodError, or the reason of the caller's signal
   */
  async send(request: RouteRequest, options: CallOptions = {}): Promise<unknown> {
    const deadlineMs = options.deadlineMs ?? this.options.deadlineMs ?? DEADLINE_MS;
    const retries = options.retries ?? this.options.retries ?? RETRIES;
    const headers: Record<string, string> = { accept: ACCEPT };
    if (request.body !== undefined) headers['content-type'] = 'application/json';
    const key = options.idempotencyKey ?? (request.mutates ? newKey() : undefined);
    if (key !== undefined) headers['idempotency-key'] = key;
    Object.assign(headers, options.headers);

    const { controller, release } = controllerUnder(options.signal);
    const late = new SynodError('DEADLINE', `${request.method} ${request.target}: no answer within ${deadlineMs} ms`, {
      status: 0,
    });
    const timer = setTimeout(() => controller.abort(late), deadlineMs);
    const until = performance.now() + deadlineMs;
    try {
      for (let failures = 1; ; failures++) {
        try {
          const response = await this.open(request, headers, controller.signal);
          return await readBody(response, controller.signal);
        } catch (error) {
          if (!(error instanceof SynodError && error.retry) || failures > retries) throw error;
          const waitMs = Math.max(backoffMs(this.options.backoff ?? BACKOFF, failures), error.retryAfterMs ?? 0);
          // To wait for longer than there is would only hide what was wrong.
          if (performance.now() + waitMs >= until) throw error;
          await sleep(waitMs, controller.signal);
        }
      }
    } finally {
      clearTimeout(timer);
      release();
    }
  }

  /**
   * Sends once.
   *
   * @throws SynodError for an answer that is no success, NETWORK for none; the signal's reason
   */
  async open(
    { method, target, body }: Omit<RouteRequest, 'mutates'>,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const token = await within(signal, this.token());
    const all = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...this.options.headers,
      ...headers,
    };
    const init = { method, headers: all, signal, ...(body === undefined ? {} : { body }) };
    const response = await within(signal, this.#fetch(this.url + target, init)).catch((cause: unknown) => {
      throw failed(signal, `${this.url} does not answer`, cause);
    });
    if (response.ok) return response;
    throw errorOf(response, await within(signal, response.text()).catch(() => ''));
  }

  async token(): Promise<string | undefined> {
    const { token } = this.options;
    return typeof token === 'function' ? token() : token;
  }
}

async function readBody(response: Response, signal: AbortSignal): Promise<unknown> {
  const text = await within(signal, response.text()).catch((cause: unknown) => {
    throw failed(signal, 'the answer broke off', cause);
  });
  if (text === '') return undefined;
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new SynodError('BAD_REPLY', 'the answer calls itself JSON and is none', { status: response.status, cause });
  }
}

/** Waits no longer than the signal lets us: a token function, or a `fetch` we were given, may not heed it. */
function within<T>(signal: AbortSignal, waited: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const end = () => reject(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    waited.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
    if (signal.aborted) end();
  });
}

/** @returns what to throw: the reason when we ended it ourselves, otherwise that nobody was there */
export function failed(signal: AbortSignal, what: string, cause: unknown): unknown {
  if (signal.aborted) return signal.reason;
  const inner = (cause as { cause?: { code?: unknown; message?: unknown } } | null)?.cause;
  const reason = inner?.code ?? inner?.message ?? (cause instanceof Error ? cause.message : cause);
  return new SynodError('NETWORK', `${what}: ${String(reason)}`, { status: 0, cause });
}

/** A version 4 UUID. `crypto.randomUUID` is missing on pages that came over plain HTTP. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
