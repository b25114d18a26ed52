/**
 * Recall as a client gets it: every conversation becomes one session of our own server, turn by turn over HTTP, and every
 * question is asked there. So embedding, storing, episodes, the wire and its limits are part of what is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from './load/client.ts';
import type { Conversation } from './locomo.ts';
import { startOwnServer } from './server/own.ts';

/** Questions of one conversation under way at once. */
const AT_ONCE = 4;
const DEADLINE_MS = 30_000;
/** Of one tier; the server allows no more. */
const MAX_CAPACITY = 5_000;

/** What the server found. */
export interface Answers {
  /** By conversation, then by question: ids of the turns found, best first. */
  readonly found: readonly (readonly (readonly string[])[])[];
  /** Turns which say what another one said before: the server keeps one memory for both. */
  readonly repeats: number;
}

/** @throws Error when the server does not answer with 2xx, or does not hold every turn */
export async function askOverHttp(
  conversations: readonly Conversation[],
  topK: number,
  progress: (line: string) => void,
): Promise<Answers> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  try {
    const server = await startOwnServer({ data: join(folder, 'data') });
    const client = createClient({ url: server.url, token: undefined, keepAlive: true, deadlineMs: DEADLINE_MS });
    try {
      let stored = 0;
      const tick = () => {
        if (++stored % 50 === 0) progress(`${stored} turns stored`);
      };
      // A conversation's turns go in one after the other, as they were said; conversations side by side.
      const filled = await Promise.all(conversations.map((conversation) => fill(client, conversation, tick)));
      progress('questions');
      const found = await Promise.all(
        conversations.map(({ questions }, i) =>
          inTurns(questions, async ({ text }) => {
            const { session, turnsOf } = filled[i]!;
            const query = new URLSearchParams({
              session_id: session,
              q: text,
              top_k: String(topK),
              max_text_chars: '1',
            });
            const { memories } = await ask<Memories>(client, 'GET', `/v1/state/context?${query}`);
            return memories.flatMap(({ memory_hash }) => turnsOf.get(memory_hash)!);
          }),
        ),
      );
      return { found, repeats: filled.reduce((sum, { repeats }) => sum + repeats, 0) };
    } finally {
      client.close();
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Memories {
  readonly memories: readonly { readonly memory_hash: string }[];
  readonly total: number;
}

interface Filled {
  readonly session: string;
  /** Turn ids by the hash of their memory. */
  readonly turnsOf: ReadonlyMap<string, readonly string[]>;
  readonly repeats: number;
}

async function fill(client: Client, { id, memories, turnIds }: Conversation, tick: () => void): Promise<Filled> {
  const session = `locomo-${id}`;
  // What leaves the short-term tier finds room for everything further down: nothing is forgotten.
  const memory = { long_term: Math.min(MAX_CAPACITY, Math.max(1, memories.length)) };
  await ask(client, 'POST', '/v1/session/create', { session_id: session, memory });
  const turnsOf = new Map<string, string[]>();
  for (const { seq, text, at, episode } of memories) {
    const turn = { session_id: session, response: text, timestamp: at / 1_000, episode: `session ${episode}` };
    const { memory_hash } = await ask<{ memory_hash: string }>(client, 'POST', '/v1/store', turn);
    turnsOf.set(memory_hash, [...(turnsOf.get(memory_hash) ?? []), turnIds[seq]!]);
    tick();
  }
  const { total } = await ask<Memories>(client, 'GET', `/v1/state/context?session_id=${session}&top_k=1`);
  if (total !== turnsOf.size)
    throw new Error(`session ${session} holds ${total} memories, stored were ${turnsOf.size}`);
  return { session, turnsOf, repeats: memories.length - turnsOf.size };
}

async function ask<T>(client: Client, method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const { ok, status, text } = await client.call(method, path, body && JSON.stringify(body));
  if (!ok) throw new Error(`${method} ${path.split('?')[0]} was answered with ${status}: ${text.slice(0, 200)}`);
  return JSON.parse(text) as T;
}

/** Does it for every item, a few at once. @returns the results in the order of the items */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
