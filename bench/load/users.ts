/**
 * The virtual users: each creates a session, has its turns in it, deletes it and begins anew, for as long as its shape
 * wants it. As published (`empty`) a turn is a `run`. In `populated` it is a `run` and a `store` in a session that was
 * full before; creating and deleting go on beside it, with empty sessions.
 *
 * U1  A user has at most one request under way.
 * U2  Nobody begins a request after the end or beyond the count; the one exception is deleting what it created.
 */
import type { Answer, Client } from './client.ts';
import { type Stage, windowOf } from './shapes.ts';
import { between, createRandom, messageOf } from './words.ts';

export type Operation = 'create' | 'run' | 'store' | 'delete';

export interface Plan {
  readonly stages: readonly Stage[];
  readonly turns: readonly [number, number];
  readonly thinkMs: number;
  readonly users: number;
  readonly seconds: number;
  readonly maxRequests: number;
  /** Sessions that are full, one per user; null for the empty workload. */
  readonly sessions: readonly string[] | null;
}

/** Of one operation's 2xx answers, in the order they came. */
export interface Samples {
  /** When it was answered, ms from the start. */
  readonly atMs: number[];
  readonly ms: number[];
}

export interface Findings {
  readonly seconds: number;
  readonly requests: number;
  readonly bytes: number;
  readonly samples: Readonly<Record<Operation, Samples>>;
  /** Answers other than 2xx, by status or error code. */
  readonly errors: Readonly<Record<string, number>>;
}

/** After a refusal, so that it is not asked for again at once; `Retry-After` is kept to this as well. */
const REFUSED_MS = 100;
const RETRY_MS = 1_000;
/** Different texts; making each anew would be the generator's own load. */
const TEXTS = 256;

const empty = (): Samples => ({ atMs: [], ms: [] });
const round = (ms: number) => Math.round(ms * 1_000) / 1_000;

export async function simulate(
  client: Client,
  plan: Plan,
  progress: (requests: number) => void = () => {},
): Promise<Findings> {
  const { stages, users, maxRequests, thinkMs, turns, sessions } = plan;
  const random = createRandom(1);
  const texts = Array.from({ length: TEXTS }, () => messageOf(random));
  const samples = { create: empty(), run: empty(), store: empty(), delete: empty() };
  const errors: Record<string, number> = {};
  const started = performance.now();
  const end = started + plan.seconds * 1_000;
  let requests = 0;
  let bytes = 0;

  const goesOn = (until: number) => performance.now() < until && requests < maxRequests;
  // Timers fire up to a millisecond early.
  const pause = (ms: number, until: number) =>
    new Promise<void>((resolve) =>
      setTimeout(resolve, Math.max(0, Math.ceil(Math.min(ms, until - performance.now())) + 1)),
    );

  async function ask(operation: Operation, ...call: Parameters<Client['call']>): Promise<Answer> {
    requests++;
    const answer = await client.call(...call);
    bytes += answer.bytes;
    if (answer.ok) {
      samples[operation].atMs.push(Math.round(performance.now() - started));
      samples[operation].ms.push(round(answer.ms));
    } else {
      errors[answer.status] = (errors[answer.status] ?? 0) + 1;
      await pause(Math.min(answer.retryMs ?? REFUSED_MS, RETRY_MS), end);
    }
    progress(requests);
    return answer;
  }

  async function converse(user: number, session: string, until: number, random: () => number): Promise<void> {
    const text = (turn: number) => `${texts[Math.floor(random() * TEXTS)]} ${user}-${turn}`;
    const count = between(random, turns);
    for (let turn = 0; turn < count && goesOn(until); turn++) {
      await ask('run', 'POST', '/v1/run', JSON.stringify({ session_id: session, message: text(turn) }));
      if (sessions !== null && goesOn(until)) {
        const response = text(Math.floor(random() * 2 ** 31));
        await ask('store', 'POST', '/v1/store', JSON.stringify({ session_id: session, response }));
      }
      if (thinkMs > 0) await pause(thinkMs, until);
    }
  }

  async function live(user: number): Promise<void> {
    const { from, to } = windowOf(stages, user);
    const until = Math.min(end, started + to * 1_000);
    const random = createRandom(user + 2);
    await pause(started + from * 1_000 - performance.now(), end);
    while (goesOn(until)) {
      const { ok, text } = await ask('create', 'POST', '/v1/session/create', '{}');
      if (!ok) continue;
      const created = encodeURIComponent((JSON.parse(text) as { session_id: string }).session_id);
      await converse(user, sessions?.[user] ?? decodeURIComponent(created), until, random);
      await ask('delete', 'DELETE', `/v1/session/${created}`);
    }
  }

  await Promise.all(Array.from({ length: users }, (_, user) => live(user)));
  return { seconds: (performance.now() - started) / 1_000, requests, bytes, samples, errors };
}
