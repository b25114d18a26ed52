/**
 * One attempt to hand a body to a receiver: check the target, connect to what was checked, read the status.
 *
 * P1  The whole attempt has one deadline, name lookup included; a receiver cannot stretch it by sending slowly, nor by
 *     anything else: what `send` waits for ends with the signal even where Node says nothing.
 * P2  Redirects are not followed: they would lead past the check. They are a failure like any other status but 2xx.
 * P3  The status is the answer. Of the body a little is read, so that the receiver can finish, and dropped.
 */
import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../actors/ports.ts';
import { addressesFor, ForbiddenTarget, type Resolve, readTarget } from './address-guard.ts';
import type { Line } from './line.ts';

/** What a receiver may take for an answer. */
export const ATTEMPT_MS = 10_000;
/** What is read of an answer's body, and for how long. */
const DRAIN_BYTES = 65_536;
const DRAIN_MS = 1_000;

const SWITCHING_PROTOCOLS = 101;
/** Node hands over any three digits. RFC 9110, section 15: what is outside is invalid. */
const MIN_STATUS = 100;
const MAX_STATUS = 599;

export interface Wire {
  readonly resolve: Resolve;
  readonly allowPrivate: boolean;
  readonly clock: Clock;
}

export interface Letter {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Outcome {
  /** HTTP status, 100 to 599; null when there was none. */
  readonly status: number | null;
  /** What went wrong, null for a 2xx. Holds nothing the receiver said. */
  readonly error: string | null;
  /** Duration of the attempt, whole ms. */
  readonly ms: number;
}

/** Thrown for an attempt that was broken off by its caller: it counts as none. */
export class Interrupted extends Error {}

/**
 * Makes one attempt. What goes wrong outside is an outcome, not an error.
 *
 * @param line of the webhook; used by one attempt at a time
 * @param stop breaks the attempt off
 * @throws Interrupted after `stop`
 */
export async function post(letter: Letter, wire: Wire, line: Line, stop: AbortSignal): Promise<Outcome> {
  const { clock } = wire;
  const began = clock.monotonic();
  // Not `AbortSignal.any`: `stop` would remember every attempt for as long as the process lives.
  const ending = new AbortController();
  const { signal } = ending;
  const breakOff = () => ending.abort();
  stop.addEventListener('abort', breakOff);
  if (stop.aborted) breakOff();
  const timer = clock.setTimeout(breakOff, ATTEMPT_MS);
  const over = (status: number | null, error: string | null): Outcome => ({
    status,
    error,
    ms: Math.round(clock.monotonic() - began),
  });
  try {
    const url = readTarget(letter.url);
    const addresses = await unlessAborted(addressesFor(url, wire), signal);
    const response = await unlessAborted(send({ url, addresses, letter, line, signal }), signal);
    await drained(response, clock, signal);
    const status = response.statusCode!;
    if (status < MIN_STATUS || status > MAX_STATUS) return over(null, `no answer: ${status} is no HTTP status`);
    return over(status, status >= 200 && status < 300 ? null : complaint(status));
  } catch (error) {
    if (stop.aborted) throw new Interrupted('the attempt was broken off', { cause: error });
    if (signal.aborted) return over(null, `no answer within ${ATTEMPT_MS / 1_000} s`);
    if (error instanceof Upgraded) return over(SWITCHING_PROTOCOLS, error.message);
    return over(null, reasonOf(error));
  } finally {
    timer.cancel();
    stop.removeEventListener('abort', breakOff);
  }
}

function complaint(status: number): string {
  return status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`;
}

/** A code, not the message: that may hold addresses the tenant has no business to know. */
function reasonOf(error: unknown): string {
  if (error instanceof ForbiddenTarget) return error.message;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `no answer: ${code}` : 'no answer';
}

interface Call {
  readonly url: URL;
  readonly addresses: readonly string[];
  readonly letter: Letter;
  readonly line: Line;
  readonly signal: AbortSignal;
}

function send({ url, addresses, letter, line, signal }: Call): Promise<IncomingMessage> {
  const body = Buffer.from(letter.body);
  const options: RequestOptions = {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'Synod-Webhooks/1',
      ...letter.headers,
    },
    signal,
  };
  const once = (agent: HttpAgent) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const own = { ...options, agent };
      const request = url.protocol === 'https:' ? httpsRequest(url, own) : httpRequest(url, own);
      const broke = (error: Error) => reject(request.reusedSocket ? new HungUp(error) : error);
      request.once('response', resolve);
      // Without a listener Node drops the connection and says neither `response` nor `error`.
      request.once('upgrade', (_response, socket) => {
        socket.destroy();
        reject(new Upgraded());
      });
      // Also after the response: then there is nobody to tell, and without a listener it would end the process.
      request.on('error', broke);
      request.once('close', () => broke(new Error('closed without an answer')));
      request.end(body);
    });
  return once(line.agentFor(url, addresses)).catch((error: unknown) => {
    if (!(error instanceof HungUp) || signal.aborted) throw error;
    // The receiver closed the connection while nothing was said: it is called again.
    line.close();
    return once(line.agentFor(url, addresses));
  });
}

/** The answer was 101: the receiver takes the connection for something else from here on. */
class Upgraded extends Error {
  constructor() {
    super(`answered ${SWITCHING_PROTOCOLS}; no other protocol is spoken`);
  }
}

/** A connection that was kept broke: whether the receiver had read anything is unknown. */
class HungUp extends Error {
  constructor(cause: Error) {
    super('the kept connection broke', { cause });
  }
}

/** P3: however it ends, the status stands. Only a body that came to its end leaves the connection usable. */
function drained(response: IncomingMessage, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let left = DRAIN_BYTES;
    const done = () => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      if (!response.complete) response.destroy();
      resolve();
    };
    const timer = clock.setTimeout(done, DRAIN_MS);
    signal.addEventListener('abort', done);
    response.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) done();
    });
    // Not `once`: an error nobody listens to would end the process.
    for (const ending of ['end', 'error', 'close']) response.on(ending, done);
  });
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
