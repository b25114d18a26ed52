/**
 * Memory of a session: of one that is live and full, and of one that has left memory.
 *
 * Measures how much larger the server's process is with N2 full sessions than with N1 of them, after garbage collection,
 * per session: live ones each answered a `run` (so their index is there too), passive ones did so and went. Baseline: the
 * bytes of its vectors and texts alone. Does not measure: sessions in the middle of a turn, garbage, the store's own page cache.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { chunkText } from '../actors/kinds/session/store.ts';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import type { Outcome } from './index.ts';
import { createClient } from './load/client.ts';
import { createRandom, messageOf } from './load/words.ts';
import type { Sample } from './server/child.ts';
import { fillStore } from './server/fill.ts';
import { startOwnServer } from './server/own.ts';

/** Full sessions of the first and of the second measurement. */
const FEW = 50;
const MANY = 250;
const DIMENSION = 384;
const KB = 1_000;
/** Sessions woken at once. */
const AT_ONCE = 4;
/** Actors which are still there by then will not go. */
const GONE_MS = 30_000;

/** What `after` has more than `before`. @returns bytes each, by the process and without mapped files */
interface PerSession {
  readonly rss: number;
  readonly anonymous: number | null;
}

/** Words of a message and of its answer: as in the load shapes, and as people chat. */
const SIZES = [200, 20] as const;

export async function measureMemory({ fill, progress }: BenchOptions): Promise<Outcome> {
  const say = (line: string) => progress(`memory: ${line}`);
  const measurements: Measurement[] = [];
  for (const words of SIZES) measurements.push(...(await measure(words, fill, say)));
  const note = `${MANY} − ${FEW} sessions of ${fill} memories, after garbage collection; without the mapped store = RssAnon`;
  return { measurements, notes: [`memory: ${note}`] };
}

async function measure(words: number, fill: number, say: (line: string) => void): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  try {
    const data = join(folder, 'data');
    const ids = await fillStore({ data, sessions: MANY, memories: fill, wordsPerMessage: words, progress: say });
    const size = `${2 * words} words a memory`;
    say(`live sessions, ${size}`);
    const live = await compare(data, ids, {}, MANY);
    say(`passive sessions, ${size}`);
    const passive = await compare(data, ids, { 'idle-ms': '100' }, 0);
    const text = Buffer.byteLength(chunkText(messageOf(createRandom(1), words), messageOf(createRandom(2), words)));
    const alone = (fill * (DIMENSION * Float32Array.BYTES_PER_ELEMENT + text)) / KB;
    return [
      ...linesOf(`live, ${size}`, live, alone),
      ...linesOf(`passive, ${size}`, passive, alone),
      line('baseline: vectors and texts alone', 'kB each', alone),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param wanted actors in memory at the second measurement */
async function compare(
  data: string,
  ids: readonly string[],
  settings: Readonly<Record<string, string>>,
  wanted: number,
): Promise<PerSession> {
  const server = await startOwnServer({ data, settings, collectable: true });
  try {
    const settled = async (live: number): Promise<Sample> => {
      const until = performance.now() + GONE_MS;
      for (;;) {
        const found = await server.settle();
        if (found.live <= live) return found.sample;
        if (performance.now() > until) throw new Error(`${found.live} sessions stay in memory, wanted ${live}`);
        await wait(200);
      }
    };
    await wake(server.url, ids.slice(0, FEW));
    if (wanted === 0) {
      // Once more: the first time, the program itself grows too, and shrinks again.
      await settled(0);
      await wake(server.url, ids.slice(0, FEW));
    }
    const before = await settled(Math.min(FEW, wanted));
    // In groups of the same size: a process keeps some of what its largest moment took.
    for (let from = FEW; from < MANY; from += FEW) {
      await wake(server.url, ids.slice(from, from + FEW));
      if (wanted === 0) await settled(0);
    }
    const after = await settled(wanted);
    const more = (a: number, b: number) => (b - a) / (MANY - FEW);
    return {
      rss: more(before.rssBytes, after.rssBytes),
      anonymous:
        before.anonymousBytes === null || after.anonymousBytes === null
          ? null
          : more(before.anonymousBytes, after.anonymousBytes),
    };
  } finally {
    await server.stop();
  }
}

async function wake(url: string, ids: readonly string[]): Promise<void> {
  const client = createClient({ url, token: undefined, keepAlive: true, deadlineMs: 30_000 });
  const random = createRandom(7);
  const rest = [...ids];
  const worker = async () => {
    for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
      const body = JSON.stringify({ session_id: id, message: messageOf(random) });
      const { ok, status } = await client.call('POST', '/v1/run', body);
      if (!ok) throw new Error(`run of session ${id} was answered with ${status}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    client.close();
  }
}

function linesOf(name: string, { rss, anonymous }: PerSession, baseline: number): Measurement[] {
  const ratio = (bytes: number) => ({ ofBaseline: bytes / KB / baseline });
  return [
    { ...line(`RSS, ${name}`, 'kB each', rss / KB), ...ratio(rss) },
    ...(anonymous === null
      ? []
      : [{ ...line('  without the mapped store', 'kB each', anonymous / KB), ...ratio(anonymous) }]),
  ];
}

function line(name: string, unit: string, value: number): Measurement {
  return { benchmark: 'memory', case: name, n: MANY - FEW, unit, values: [value] };
}
