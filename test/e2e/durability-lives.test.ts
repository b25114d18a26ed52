/** Births and deaths under `kill -9`: who was created is there, who was deleted is not, and the books agree. */
import { expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { createRuntime } from '../../src/runtime.ts';
import { Client } from '../support/client.ts';
import { type ServerProcess, spawnServer } from '../support/process.ts';
import { marker, memoryLogger, tempDir, testConfig } from '../support/server.ts';

const ROUNDS = Number(process.env.SYNOD_KILL_ROUNDS ?? 3);

/** So many rounds back every life is looked at again after a kill; at the end all are. */
const RECENT = 3;

/** The last thing a client knows of a session: what it asked for, and whether it heard back. */
type Known = 'creating' | 'created' | 'deleting' | 'deleted';

async function live(client: Client, book: Map<string, Known>, onAnswer: () => void): Promise<void> {
  for (let n = 0; ; n++) {
    const id = marker('life-');
    const step = async (asked: Known, heard: Known, call: () => Promise<unknown>) => {
      book.set(id, asked);
      await call();
      book.set(id, heard);
      onAnswer();
    };
    try {
      await step('creating', 'created', () => client.create({ session_id: id }));
      await client.store({ session_id: id, message: 'a question', response: `an answer of ${id}` });
      if (n % 2 === 0) await step('deleting', 'deleted', () => client.ok('DELETE', `/v1/session/${id}`));
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
  }
}

async function check(server: ServerProcess, book: ReadonlyMap<string, Known>): Promise<void> {
  const client = new Client(server.url, {});
  for (const [id, known] of book) {
    const { status } = await client.get(`/v1/metrics/${id}`);
    if (known === 'created') expect(status, id).toBe(200);
    else if (known === 'deleted') expect(status, id).toBe(404);
    else expect([200, 404], id).toContain(status);
  }
}

it(`keeps births and deaths through ${ROUNDS} kills, and forgets every text of the dead`, {
  timeout: 60_000 + ROUNDS * 30_000,
}, async () => {
  const data = await tempDir();
  const books: Map<string, Known>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const server = await spawnServer(data);
    for (const book of books.slice(-RECENT)) await check(server, book);
    const client = new Client(server.url, {});
    const book = new Map<string, Known>();
    books.push(book);
    let left = 50 + 23 * (round % 8);
    await new Promise<void>((resolve, reject) => {
      const onAnswer = () => {
        left--;
        if (left === 0) server.kill().then(resolve, reject);
      };
      Promise.all(Array.from({ length: 6 }, () => live(client, book, onAnswer))).catch(reject);
    });
  }
  const last = await spawnServer(data);
  const book = new Map(books.flatMap((one) => [...one]));
  await check(last, book);
  await last.stop();
  const runtime = await createRuntime({ config: testConfig({ data }), logger: memoryLogger([]) });
  try {
    const { store, system } = runtime;
    const alive = system.list({ tenant: 'anonymous', kind: 'session', limit: 1_000_000 });
    expect(system.count('session')).toBe(alive.length);
    const { faults, erased } = verifyChain(store, 'anonymous');
    expect(faults).toEqual([]);
    expect(erased).toBeGreaterThan(0);
    const dead = [...book].filter(([, known]) => known === 'deleted').map(([id]) => id);
    expect(alive.filter((id) => dead.includes(id))).toEqual([]);
    const texts = (['event', 'snapshot', 'log', 'outbox', 'replay'] as const)
      .flatMap((table) => [...store.range(table, { prefix: [] })])
      .map(({ value }) => Buffer.from(value).toString('latin1'))
      .join('\n');
    const found = new Set(texts.match(/(?<=an answer of )life-[0-9a-f]{16}/g));
    expect(found.size).toBeGreaterThan(0);
    expect(dead.filter((id) => found.has(id))).toEqual([]);
  } finally {
    await runtime.close();
  }
});
