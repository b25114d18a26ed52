/** What an acknowledgement is worth: `kill -9` under load, and a restart in the middle of work. */
import { expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { readRecords } from '../../src/host/log.ts';
import { openStore } from '../../src/store/index.ts';
import { Client } from '../support/client.ts';
import { type ServerProcess, spawnServer } from '../support/process.ts';
import { marker, tempDir } from '../support/server.ts';

const ROUNDS = Number(process.env.SYNOD_KILL_ROUNDS ?? 5);
const OWN_SESSIONS = 6;
const SHARED = 'shared';
const MEMORY = { short_term: 5_000, medium_term: 1, long_term: 1 };

/** Every turn that was sent, by session, and whether its answer was seen. */
type Book = Map<string, Map<string, 'sent' | 'acknowledged'>>;

const question = (mark: string) => `what about ${mark}`;
const answer = (mark: string) => `the truth about ${mark}`;
const chunk = (mark: string) => `Q: ${question(mark)} A: ${answer(mark)}`;

function note(book: Book, session: string, mark: string, state: 'sent' | 'acknowledged'): void {
  const turns = book.get(session) ?? new Map();
  book.set(session, turns.set(mark, state));
}

/** Talks until the connection breaks. */
async function talk(client: Client, book: Book, session: string, onTurn: () => void): Promise<void> {
  const shared = session === SHARED;
  for (;;) {
    const mark = marker();
    note(book, session, mark, 'sent');
    try {
      if (!shared) await client.run({ session_id: session, message: question(mark) });
      const message = shared ? { message: question(mark) } : {};
      await client.store({ session_id: session, response: answer(mark), ...message });
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
    note(book, session, mark, 'acknowledged');
    onTurn();
  }
}

/** Kills the server once so many turns were acknowledged, wherever the others happen to be. */
async function loadAndKill(server: ServerProcess, book: Book, turns: number): Promise<void> {
  const client = new Client(server.url, {});
  let left = turns;
  const killed = new Promise<void>((resolve, reject) => {
    const onTurn = () => {
      left--;
      if (left === 0) server.kill().then(resolve, reject);
    };
    const sessions = [...book.keys()];
    Promise.all([...sessions, SHARED, SHARED].map((session) => talk(client, book, session, onTurn))).catch(reject);
  });
  await killed;
}

async function check(server: ServerProcess, book: Book): Promise<void> {
  const client = new Client(server.url, {});
  for (const [session, turns] of book) {
    const { state_dict } = await client.export(session);
    const texts = (state_dict.memories as { text: string }[]).map(({ text }) => text);
    const wanted = [...turns].filter(([, state]) => state === 'acknowledged').map(([mark]) => chunk(mark));
    const possible = new Set([...turns.keys()].map(chunk));
    expect(
      wanted.filter((text) => !texts.includes(text)),
      `${session}: lost`,
    ).toEqual([]);
    expect(new Set(texts).size, `${session}: twice`).toBe(texts.length);
    expect(
      texts.filter((text) => !possible.has(text)),
      `${session}: half there`,
    ).toEqual([]);
    expect(await client.metrics(session)).toMatchObject({
      interaction_count: texts.length,
      total_memories: texts.length,
    });
  }
}

it(`keeps every acknowledged turn exactly once through ${ROUNDS} kills under load`, {
  timeout: 60_000 + ROUNDS * 30_000,
}, async () => {
  const data = await tempDir();
  const book: Book = new Map();
  for (let i = 0; i < OWN_SESSIONS; i++) book.set(`own-${i}`, new Map());
  book.set(SHARED, new Map());
  for (let round = 0; round < ROUNDS; round++) {
    const server = await spawnServer(data);
    if (round === 0) {
      const client = new Client(server.url, {});
      for (const session_id of book.keys()) await client.create({ session_id, memory: MEMORY });
    } else await check(server, book);
    // Bounded, or a long run would overflow the tiers, and what is evicted by design would look like a loss.
    await loadAndKill(server, book, 60 + 37 * (round % 8));
  }
  const last = await spawnServer(data);
  await check(last, book);
  await last.kill();

  const store = await openStore({ data, readOnly: true });
  try {
    const { records, faults } = verifyChain(store, 'anonymous');
    expect(faults).toEqual([]);
    const stored = readRecords(store, 'anonymous', 0, records)
      .filter(({ type }) => type === 'store')
      .map(({ payload }) => (payload as { response: string }).response);
    for (const turns of book.values()) {
      for (const [mark, state] of turns) {
        const times = stored.filter((response) => response === answer(mark)).length;
        expect(times, mark).toBeLessThanOrEqual(1);
        if (state === 'acknowledged') expect(times, mark).toBe(1);
      }
    }
  } finally {
    await store.close();
  }
});

it('answers the same after a graceful restart in the middle of work, and exits with 0', {
  timeout: 120_000,
}, async () => {
  const data = await tempDir();
  const first = await spawnServer(data);
  const before = new Client(first.url, {});
  const quiet = await before.create();
  for (const topic of ['ports', 'owners', 'deadlines'])
    await before.turn(quiet, `What of ${topic}?`, `All about ${topic}.`);
  await before.run({ session_id: quiet, message: 'a question still open' });
  const look = async (client: Client) => ({
    ranked: await client.context(quiet, { q: 'owners', explain: true }),
    byState: await client.context(quiet),
    metrics: await client.metrics(quiet),
    export: await client.export(quiet),
  });
  const seen = await look(before);

  const book: Book = new Map();
  const busy = ['busy-1', 'busy-2', SHARED];
  for (const session_id of busy) {
    await before.create({ session_id, memory: MEMORY });
    book.set(session_id, new Map());
  }
  let turns = 0;
  let stopped: Promise<number | null> | undefined;
  const started = performance.now();
  await Promise.all(
    busy.map((session) =>
      talk(before, book, session, () => {
        turns++;
        if (turns === 20) stopped = first.stop();
      }),
    ),
  );
  expect(await stopped).toBe(0);
  // Draining is done when the last answer is out; the ten seconds are for clients that do not read theirs.
  expect(performance.now() - started).toBeLessThan(9_000);
  expect(first.stderr()).toBe('');

  const second = await spawnServer(data);
  const after = new Client(second.url, {});
  expect(await look(after)).toEqual(seen);
  await check(second, book);
  expect(await after.store({ session_id: quiet, response: 'and its answer' })).toMatchObject({ warning: null });
  expect(await second.stop()).toBe(0);
});
