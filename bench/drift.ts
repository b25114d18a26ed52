/**
 * Drift on TIAGE: does `drift.detected`, answered to the run of an utterance, mean that a new topic begins with it?
 *
 * Streaming: when an utterance is judged, only those before it are known, and nothing is fitted here. Every dialogue is
 * one session of the real kind, run through the statechart adapter with the hash embedder, and fed in these ways:
 *
 * - A: utterances in turn as message and answer; only every second one is measured. Scored on all utterances (of whose
 *   boundaries half can be found), on exchanges (a boundary lies before one when the topic changed since the message of
 *   the exchange before), and on exchanges with the boundaries at messages only, which is what a run is asked about;
 * - B: each utterance as message, then stored with itself as the answer; B': with "ok" as the answer;
 * - B": as B', but `store` brings the message along once more;
 * - C: each utterance as message, with the one before as inline answer.
 *
 * Baselines from the same run: never, always, at random with the true density (seeded), and the old rule, spec 1.9's
 * score (b − s)/b ≥ 0.5 with s the cosine of message and state and b = max(0.2, median of the last eight similarities of
 * stored turns). Does not measure: `confirmed`, other embedders, speed.
 *
 * Run: synod bench drift --data PATH
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionInput } from '../actors/kinds/session/create.ts';
import type { SessionEvent } from '../actors/kinds/session/events.ts';
import type { SessionContext } from '../actors/kinds/session/model.ts';
import type { RunOutcome } from '../actors/kinds/session/outcomes.ts';
import { chunkText } from '../actors/kinds/session/store.ts';
import { machine } from '../actors/kinds/session.ts';
import { Statechart } from '../actors/statechart.ts';
import type { BenchOptions } from '../src/cli/bench.ts';
import { createHashEmbedder } from '../src/embedding/hash.ts';
import type { Outcome } from './index.ts';
import { type Quality, qualityOf, type Segmented } from './segmentation.ts';

interface Dialogue extends Segmented {
  readonly utterances: readonly string[];
  /** Which part of TIAGE it is from. */
  readonly set: string;
}

/** Utterances with which a new topic was found to begin. */
interface Found {
  readonly now: ReadonlySet<number>;
  readonly oldRule: ReadonlySet<number>;
}

/** A line of the table. */
export interface DriftRow extends Quality {
  readonly name: string;
  readonly dialogues: number;
}

const embedder = createHashEmbedder();
const chart = new Statechart(machine);
const START = Date.UTC(2026, 0, 1);

const embed = async (text: string): Promise<Float32Array> => (await embedder.embed([text], 'document'))[0]!;

/** One session, told things as the REST operations tell it. */
class Session {
  #snapshot = chart.initial({
    id: 'bench',
    config: {},
    template: null,
    policies: [],
    at: START,
  } satisfies SessionInput).snapshot;
  #at = START;

  get #context(): SessionContext {
    return this.#snapshot.context as SessionContext;
  }

  #tell(event: SessionEvent): unknown {
    this.#snapshot = chart.fold(this.#snapshot, event).snapshot;
    return this.#context.outcome;
  }

  /** @returns what the present and the old rule say of the message */
  async run(message: string, response: string | null = null): Promise<{ now: boolean; oldRule: boolean }> {
    const outcome = this.#tell({
      type: 'run',
      at: ++this.#at,
      message,
      embedding: await embed(message),
      recalled: [],
      response: response === null ? null : await this.#answer(response),
      reset: false,
      timestamp: null,
      episode: null,
    }) as RunOutcome;
    const { turns, histories } = this.#context;
    const now = outcome.drift.detected;
    return { now, oldRule: turns >= 2 && oldScore(histories.similarity, outcome.message.similarity) >= 0.5 };
  }

  async #answer(text: string) {
    const { pending } = this.#context;
    const embedding = await embed(chunkText(pending?.message ?? null, text));
    return { text, embedding, pendingId: pending?.id ?? null };
  }

  /** @param message brought along; null to answer the one that waits */
  async store(response: string, message: string | null = null): Promise<void> {
    const own = message === null ? await this.#answer(response) : null;
    this.#tell({
      type: 'store',
      at: ++this.#at,
      response,
      embedding: own?.embedding ?? (await embed(chunkText(message, response))),
      pendingId: own?.pendingId ?? null,
      message,
      messageEmbedding: message === null ? null : await embed(message),
      timestamp: null,
      episode: null,
    });
  }
}

function oldScore(similarities: readonly number[], similarity: number): number {
  const sorted = similarities.slice(-8).sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
  const usual = Math.max(0.2, median);
  return (usual - similarity) / usual;
}

type Feed = (session: Session, utterances: readonly string[], i: number) => ReturnType<Session['run']> | null;

const after = async (judged: ReturnType<Session['run']>, store: () => Promise<void>) => {
  const found = await judged;
  await store();
  return found;
};

const FEEDS = {
  A: (session, utterances, i) => {
    if (i % 2 === 1) return null;
    return after(session.run(utterances[i]!), async () => {
      if (i + 1 < utterances.length) await session.store(utterances[i + 1]!);
    });
  },
  B: (session, utterances, i) => after(session.run(utterances[i]!), () => session.store(utterances[i]!)),
  "B'": (session, utterances, i) => after(session.run(utterances[i]!), () => session.store('ok')),
  'B"': (session, utterances, i) => after(session.run(utterances[i]!), () => session.store('ok', utterances[i]!)),
  C: (session, utterances, i) => session.run(utterances[i]!, utterances[i - 1] ?? null),
} as const satisfies Readonly<Record<string, Feed>>;

async function findIn({ utterances }: Dialogue, feed: Feed): Promise<Found> {
  const session = new Session();
  const now = new Set<number>();
  const oldRule = new Set<number>();
  for (let i = 0; i < utterances.length; i++) {
    const judged = await feed(session, utterances, i);
    if (judged?.now) now.add(i);
    if (judged?.oldRule) oldRule.add(i);
  }
  return { now, oldRule };
}

/** Boundaries between exchanges: two utterances each, the first of them measured. */
const toExchanges = (boundaries: ReadonlySet<number>): Set<number> =>
  new Set([...boundaries].map((i) => Math.ceil(i / 2)));

function exchangesOf({ length, boundaries }: Segmented): Segmented {
  const exchanges = Math.ceil(length / 2);
  return { length: exchanges, boundaries: new Set([...toExchanges(boundaries)].filter((i) => i < exchanges)) };
}

const atMessages = ({ length, boundaries }: Segmented): Segmented =>
  exchangesOf({ length, boundaries: new Set([...boundaries].filter((i) => i % 2 === 0)) });

/** Seeded uniform numbers in [0, 1), so that the table is the same every time: mulberry32 by T. Ettinger. */
function lottery(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function baselines(truths: readonly Segmented[], unit: string): DriftRow[] {
  const places = truths.map(({ length }) => Array.from({ length: length - 1 }, (_, i) => i + 1));
  const density =
    truths.reduce((sum, { boundaries }) => sum + boundaries.size, 0) / places.reduce((sum, p) => sum + p.length, 0);
  const draw = lottery(1);
  const keep = (name: string, wanted: () => boolean): DriftRow => ({
    name: `baseline: ${name}, ${unit}`,
    dialogues: truths.length,
    ...qualityOf(
      truths,
      places.map((p) => new Set(p.filter(wanted))),
    ),
  });
  return [keep('never', () => false), keep('always', () => true), keep('random', () => draw() < density)];
}

/** Quality in the order it is printed. */
const COLUMNS = ['score', 'f1', 'pk', 'wd', 'density'] as const;

/** The benchmark as `synod bench drift` runs it. */
export async function measureDrift({ data, progress }: BenchOptions): Promise<Outcome> {
  const dialogues = data === undefined ? [] : findFiles(data).flatMap(readDialogues);
  if (dialogues.length === 0) {
    const where = data === undefined ? '' : ` at ${data}`;
    return { measurements: [], notes: [`drift: skipped, no TIAGE data${where}; give its folder with --data PATH`] };
  }
  progress('drift');
  const rows = await judge(dialogues);
  const utterances = dialogues.reduce((sum, { length }) => sum + length, 0);
  return {
    measurements: rows.map((row) => ({
      benchmark: 'drift',
      case: row.name,
      n: row.dialogues,
      unit: `% ${COLUMNS.join('/')}`,
      values: COLUMNS.map((column) => 100 * row[column]),
    })),
    notes: [
      `drift: ${dialogues.length} dialogues, ${utterances} utterances, embedder ${embedder.id}; n counts dialogues`,
    ],
  };
}

async function judge(dialogues: readonly Dialogue[]): Promise<DriftRow[]> {
  const rows: DriftRow[] = [];
  const add = (name: string, truths: readonly Segmented[], predictions: readonly ReadonlySet<number>[]): void => {
    if (truths.length > 0) rows.push({ name, dialogues: truths.length, ...qualityOf(truths, predictions) });
  };
  for (const [mode, feed] of Object.entries<Feed>(FEEDS)) {
    const found: Found[] = [];
    for (const dialogue of dialogues) found.push(await findIn(dialogue, feed));
    const now = found.map((f) => f.now);
    add(`mode ${mode}`, dialogues, now);
    if (mode === 'A') {
      add('mode A, exchanges', dialogues.map(exchangesOf), now.map(toExchanges));
      add('mode A, at messages', dialogues.map(atMessages), now.map(toExchanges));
    }
    if (mode === 'B') {
      for (const set of [...new Set(dialogues.map((dialogue) => dialogue.set))]) {
        const of = (_: unknown, i: number) => dialogues[i]!.set === set;
        add(`  TIAGE ${set}`, dialogues.filter(of), now.filter(of));
      }
    }
    if (mode === 'A' || mode === 'B') {
      const old = found.map((f) => f.oldRule);
      add(`baseline: old rule, mode ${mode}`, dialogues, old);
      if (mode === 'A') {
        add('baseline: old rule, mode A, exchanges', dialogues.map(exchangesOf), old.map(toExchanges));
        add('baseline: old rule, mode A, at messages', dialogues.map(atMessages), old.map(toExchanges));
      }
    }
  }
  rows.push(
    ...baselines(dialogues, 'utterances'),
    ...baselines(dialogues.map(exchangesOf), 'exchanges'),
    ...baselines(dialogues.map(atMessages), 'at messages'),
  );
  return rows;
}

function readDialogues(file: string): Dialogue[] {
  const raw = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly utterances: readonly string[];
    readonly segments: readonly number[];
    readonly set?: string;
  }[];
  return raw.map(({ utterances, segments, set = 'other' }) => {
    const boundaries = new Set<number>();
    let end = 0;
    for (const length of segments.slice(0, -1)) {
      end += length;
      boundaries.add(end);
    }
    return { utterances, length: utterances.length, boundaries, set };
  });
}

/** A file, the files of a folder, or those of its folders named `tiage…`. */
function findFiles(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return path.includes('tiage') ? [path] : [];
  const names = readdirSync(path).sort();
  const inside = names.filter((name) => name.startsWith('tiage') && statSync(join(path, name)).isDirectory());
  if (inside.length > 0) return inside.flatMap((name) => findFiles(join(path, name)));
  return names.filter((name) => name.startsWith('tiage') && name.endsWith('.json')).map((name) => join(path, name));
}
