/** `kill -9` while events are posted: none acknowledged is lost, none is there twice, and no reward counts twice. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { readRecords } from '../../src/host/log.ts';
import { openStore } from '../../src/store/index.ts';
import { auditIndex } from '../environment/audit.ts';
import { Client } from '../support/client.ts';
import { spawnServer } from '../support/process.ts';
import { tempDir } from '../support/server.ts';

const ROUNDS = Number(process.env.SYNOD_KILL_ROUNDS ?? 3);
const AGENTS = 8;
/** Few, so that agents meet; so many rounds small rewards do not reach the bound of 1. */
const PATTERNS = ['p0', 'p1', 'p2', 'p3'];
const VALUE = 0.000_01;
const ALPHA = 1.2;
const START = 0.3;
/** Every other kill comes at a moment of its own instead of right behind an answer. */
const LATEST_KILL_MS = 25;

interface Event {
  readonly id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A post: what was asked under which key, and the answer, if one came. */
interface Post {
  readonly key: string;
  readonly body: object;
  /** How many signals it rewards. */
  readonly rewards: readonly string[];
  id: string | null;
}

/** Ids of the first event of each pattern, the parents of rewards. */
type Roots = ReadonlyMap<string, string>;

const OPTIONS = ['--signal-scopes', 'kill=lambda:1'];
const common = { trace_id: 'kill', agent_id: 'agent' };

function reward(roots: Roots, n: number): Post {
  const key = randomUUID();
  const payload = { mark: key, value: VALUE };
  const own = PATTERNS[n % PATTERNS.length]!;
  if (n % 3 !== 0) {
    const body = { ...common, type: 'reward', scope: 'kill', payload: { ...payload, action: own } };
    return { key, body, rewards: [own], id: null };
  }
  // Through its parents, each once; one is named twice. In a scope without signals of its own.
  const rewards = [own, PATTERNS[(n + 1) % PATTERNS.length]!];
  const parents = rewards.map((pattern) => roots.get(pattern)!);
  const body = { ...common, type: 'reward', scope: 'kill.far', parent_ids: [...parents, parents[0]], payload };
  return { key, body, rewards, id: null };
}

/** @throws TypeError when the connection breaks */
async function send(client: Client, post: Post): Promise<void> {
  const headers = { 'idempotency-key': post.key };
  const ask = () => client.post<Event>('/api/events', post.body, headers);
  let answer = await ask();
  // The same key while its first request is being answered.
  while (answer.status === 409) answer = await ask();
  expect(answer.status, answer.text).toBe(201);
  const { id } = answer.body;
  if (post.id !== null) expect(id, 'asked again, the answer is the same').toBe(post.id);
  post.id = id;
}

async function agent(client: Client, roots: Roots, book: Post[], number: number, onAnswer: () => void): Promise<void> {
  for (let n = number; ; n++) {
    const post = reward(roots, n);
    book.push(post);
    try {
      await send(client, post);
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
    onAnswer();
  }
}

/** All events of a scope, page by page, as the log on disk has them. */
async function eventsOnDisk(data: string): Promise<Map<string, number>> {
  const store = await openStore({ data, readOnly: true });
  try {
    expect(verifyChain(store, 'anonymous').faults).toEqual([]);
    expect(auditIndex(store, 'anonymous')).toEqual([]);
    const times = new Map<string, number>();
    for (const { type, payload } of readRecords(store, 'anonymous', 0, Number.MAX_SAFE_INTEGER)) {
      if (type !== 'post') continue;
      const { mark } = (payload as { semp: Event }).semp.payload as { mark?: string };
      if (mark !== undefined) times.set(mark, (times.get(mark) ?? 0) + 1);
    }
    return times;
  } finally {
    await store.close();
  }
}

it(`keeps every acknowledged event once, and counts every reward once, through ${ROUNDS} kills`, {
  timeout: 60_000 + ROUNDS * 30_000,
}, async () => {
  const data = await tempDir();
  const book: Post[] = [];
  const roots = new Map<string, string>();
  let open: Post[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const server = await spawnServer(data, OPTIONS);
    const client = new Client(server.url, {});
    if (round === 0) {
      for (const pattern of PATTERNS) {
        const body = { ...common, type: 'proposal', scope: 'kill', payload: { action: pattern } };
        roots.set(pattern, (await client.ok<Event>('POST', '/api/events', body)).id);
      }
    }
    // What had no answer is asked again under its key, some of it twice at once;
    await Promise.all([...open, ...open.slice(0, 3)].map((post) => send(client, post)));
    // And what had one, too: it must not count again.
    await Promise.all(book.slice(-5).map((post) => send(client, post)));
    await check(client, book);
    const posted: Post[] = [];
    let left = 60 + 37 * (round % 8);
    const delayMs = round % 2 === 0 ? 0 : Math.random() * LATEST_KILL_MS;
    await new Promise<void>((resolve, reject) => {
      const kill = () => server.kill().then(resolve, reject);
      const onAnswer = () => {
        left--;
        if (left === 0) delayMs === 0 ? kill() : setTimeout(kill, delayMs);
      };
      const agents = Array.from({ length: AGENTS }, (_, i) => agent(client, roots, posted, i, onAnswer));
      Promise.all(agents).catch(reject);
    });
    book.push(...posted);
    open = posted.filter(({ id }) => id === null);
    const times = await eventsOnDisk(data);
    for (const { key, id } of book) {
      expect(times.get(key) ?? 0, key).toBeLessThanOrEqual(1);
      if (id !== null) expect(times.get(key), `${key} was acknowledged`).toBe(1);
    }
  }
  const last = await spawnServer(data, OPTIONS);
  const client = new Client(last.url, {});
  await Promise.all(open.map((post) => send(client, post)));
  await check(client, book);
  expect(await last.stop()).toBe(0);
  const times = await eventsOnDisk(data);
  expect([...times].filter(([, found]) => found !== 1)).toEqual([]);
  expect(times.size).toBe(book.length);
});

/** Each strength is what the events say, by arithmetic. All of the book are answered. */
async function check(client: Client, book: readonly Post[]): Promise<void> {
  const { body } = await client.get<{ pattern: string; scope: string; strength: number }[]>('/api/signals');
  expect(body.map(({ pattern }) => pattern).sort()).toEqual(PATTERNS);
  for (const { pattern, strength } of body) {
    const count = book.filter(({ rewards }) => rewards.includes(pattern)).length;
    const wanted = START + count * VALUE * ALPHA;
    // Half a reward: far above what sums of doubles lose, far below one that is missing or counted twice.
    expect(Math.abs(strength - wanted), `${pattern}: ${count} rewards`).toBeLessThan((VALUE * ALPHA) / 2);
    expect(wanted).toBeLessThan(1);
  }
}
