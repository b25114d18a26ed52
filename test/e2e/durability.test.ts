/** What an acknowledgement is worth: `kill -9` under load, and a restart in the middle of work. */
import { expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { readRecords } from '../../src/host/log.ts';
import { openStore } from '../../src/store/index.ts';
import { Client } from '../support/client.ts';
import { type ServerProcess, spawnServer } from '../support/process.ts';
import { marker, tempDir } from '../support/server.ts';

/** Thirty in CI, more by hand. */
const ROUNDS = Number(process.env.SYNOD_KILL_ROUNDS ?? 5);
const OWN_SESSIONS = 6;
const SHARED = 'shared';
/** After so many rounds the talk moves to new sessions: what a full tier evicts by design would look like a loss. */
const ROUNDS_PER_SET = 20;
/** Every other kill comes at a moment of its own instead of right behind an answer. */
const LATEST_KILL_MS = 25;
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
  const shared = session.startsWith(SHARED);
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

/** Kills the server soon after so many turns were acknowledged, wherever the others happen to be. */
async function loadAndKill(
  server: ServerProcess,
  book: Book,
  { sessions, turns, delayMs }: { sessions: readonly string[]; turns: number; delayMs: number },
): Promise<void> {
  const client = new Client(server.url, {});
  let left = turns;
  await new Promise<void>((resolve, reject) => {
    const kill = () => server.kill().then(resolve, reject);
    const onTurn = () => {
      left--;
      if (left === 0) delayMs === 0 ? kill() : setTimeout(kill, delayMs);
    };
    const talkers = sessions.flatMap((name) => (name.startsWith(SHARED) ? [name, name, name] : [name]));
    Promise.all(talkers.map((session) => talk(client, book, session, onTurn))).catch(reject);
  });
}

/** What the log on disk says: the chain holds, and each acknowledged turn is one record, no other is two. */
async function checkLog(data: string, book: Book): Promise<void> {
  const store = await openStore({ data, readOnly: true });
  try {
    const { records, faults } = verifyChain(store, 'anonymous');
    expect(faults).toEqual([]);
    const times = new Map<string, number>();
    for (const { type, payload } of readRecords(store, 'anonymous', 0, records)) {
      if (type !== 'store') continue;
      const { response } = payload as { response: string };
      times.set(response, (times.get(response) ?? 0) + 1);
    }
    for (const turns of book.values()) {
      for (const [mark, state] of turns) {
        const found = times.get(answer(mark)) ?? 0;
        expect(found, mark).toBeLessThanOrEqual(1);
        if (state === 'acknowledged') expect(found, mark).toBe(1);
      }
    }
  } finally {
    await store.close();
  }
}

async function check(server: ServerProcess, book: Book): Promise<void> {
  const client = new Client(server.url, {});
  for (const [session, turns] of book) {
    const { state_dict } = await client.export(session);
    const texts = (state_dict.memories as { text: string }[]).map(({ text }) => text);
    const wanted = [...turns].filter(([, state]) => state === 'acknowledged').map(([mark]) => chunk(mark));
    const possible = new Set([...turns.keys()].map(chunk));
    const found = new Set(texts);
    expect(
      wanted.filter((text) => !found.has(text)),
      `${session}: lost`,
    ).toEqual([]);
    expect(found.size, `${session}: twice`).toBe(texts.length);
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
  let sessions: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const server = await spawnServer(data);
    await check(server, book);
    await checkLog(data, book);
    if (round % ROUNDS_PER_SET === 0) {
      sessions = [SHARED, ...Array.from({ length: OWN_SESSIONS }, (_, i) => `own-${i}`)].map((name) => name + round);
      const client = new Client(server.url, {});
      for (const session_id of sessions) {
        await client.create({ session_id, memory: MEMORY });
        book.set(session_id, new Map());
      }
    }
    const delayMs = round % 2 === 0 ? 0 : Math.random() * LATEST_KILL_MS;
    await loadAndKill(server, book, { sessions, turns: 60 + 37 * (round % 8), delayMs });
  }
  // Nobody has opened it since the last kill.
  await checkLog(data, book);
  const last = await spawnServer(data);
  await check(last, book);
  expect(await last.stop()).toBe(0);
  await checkLog(data, book);
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
