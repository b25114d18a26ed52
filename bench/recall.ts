/**
 * Recall on LoCoMo: how much of the evidence for a question is among the first k memories.
 *
 * Measures recall@k = evidence ids found in the top k / evidence ids, averaged over questions; one index per
 * conversation, one memory per turn (`Speaker said, "text"`, with the caption of a shared picture), episode = session.
 * Two questions of the development set name no evidence and are left out; one id string that holds two ids counts as
 * two. Baselines run beside it on the same memories. Does not measure: speed, the capacities of the tiers (every turn
 * stays), or what a language model makes of the memories.
 *
 * Run: npx tsc -p tsconfig.build.json && node dist/bench/recall.js --data ../shared/data/locomo-dev
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Memory } from '../actors/kinds/session/model.ts';
import type { Embedder } from '../src/embedding/embedder.ts';
import { createHashEmbedder } from '../src/embedding/hash.ts';
import { createRanker } from '../src/recall/rank.ts';
import type { Query, Ranker } from '../src/recall/ranker.ts';

const DEPTHS = [5, 10, 25, 50] as const;
const CATEGORIES = [
  [1, 'multi-hop'],
  [2, 'temporal'],
  [3, 'open-domain'],
  [4, 'single-hop'],
  [5, 'adversarial'],
] as const;

interface Turn {
  readonly speaker: string;
  readonly dia_id: string;
  readonly text: string;
  readonly blip_caption?: string;
}

interface Sample {
  readonly sample_id: string;
  readonly conversation: Readonly<Record<string, string | readonly Turn[]>>;
  readonly qa: readonly {
    readonly question: string;
    readonly evidence: readonly string[];
    readonly category: number;
  }[];
}

interface Question {
  readonly conversation: string;
  readonly category: number;
  readonly text: string;
  readonly vector: Float32Array;
  readonly evidence: readonly string[];
}

interface Conversation {
  readonly id: string;
  readonly memories: readonly Memory[];
  /** Turn id by `seq`. */
  readonly turnIds: readonly string[];
  readonly questions: readonly Question[];
}

/** A line of the table: recall in percent at 5, 10, 25 and 50. */
export interface RecallRow {
  readonly name: string;
  readonly questions: number;
  readonly recall: readonly number[];
}

const NO_STRUCTURE = { previous: 0, beforePrevious: 0, next: 0, episode: 0 };

interface Variant {
  readonly name: string;
  readonly ranker: Ranker;
  readonly query: (question: Question) => Omit<Query, 'topK'>;
}

const VARIANTS: readonly Variant[] = [
  { name: 'full', ranker: createRanker(), query: ({ text, vector }) => ({ text, vector }) },
  { name: 'without vector', ranker: createRanker(), query: ({ text }) => ({ text }) },
  { name: 'baseline: plain BM25', ranker: createRanker(NO_STRUCTURE), query: ({ text }) => ({ text }) },
  { name: 'baseline: vector only', ranker: createRanker(), query: ({ vector }) => ({ vector }) },
];

/**
 * Prints and returns the table; says so and returns nothing when there is no data.
 *
 * @param options.data a LoCoMo file, a folder of such files, or a folder of such folders named `locomo…`
 */
export async function benchRecall({ data }: { readonly data: string }): Promise<RecallRow[]> {
  const files = findFiles(data);
  if (files.length === 0) {
    console.log(`recall: skipped, no LoCoMo data at ${data}; give its folder with --data PATH`);
    return [];
  }
  const embedder = createHashEmbedder();
  const samples = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as Sample[]);
  const conversations: Conversation[] = [];
  for (const sample of samples) conversations.push(await readConversation(sample, embedder));
  const rows = VARIANTS.flatMap((variant) => measure(variant, conversations));
  const turns = conversations.reduce((sum, { memories }) => sum + memories.length, 0);
  console.log(`recall on LoCoMo: ${conversations.length} conversations, ${turns} turns, embedder ${embedder.id}`);
  console.log(`${'recall@5/10/25/50 in percent'.padEnd(40)} ${'n'.padStart(5)}`);
  for (const { name, questions, recall } of rows) {
    const cells = recall.map((value) => value.toFixed(1).padStart(6)).join('');
    console.log(`${name.padEnd(40)} ${String(questions).padStart(5)} ${cells}`);
  }
  return rows;
}

/** One row for all questions, and for the full ranker one per conversation and per category. */
function measure({ name, ranker, query }: Variant, conversations: readonly Conversation[]): RecallRow[] {
  const scored = conversations.flatMap(({ id, memories, turnIds, questions }) =>
    questions.map((question) => {
      const { hits } = ranker.rank(id, memories, { ...query(question), topK: Math.max(...DEPTHS) });
      const found = hits.map(({ memory }) => turnIds[memory.seq]!);
      return { question, recall: DEPTHS.map((depth) => share(question.evidence, found.slice(0, depth))) };
    }),
  );
  const row = (label: string, wanted: (question: Question) => boolean): RecallRow => {
    const chosen = scored.filter(({ question }) => wanted(question));
    const mean = (column: number) => chosen.reduce((sum, { recall }) => sum + recall[column]!, 0) / chosen.length;
    return { name: label, questions: chosen.length, recall: DEPTHS.map((_, column) => 100 * mean(column)) };
  };
  const overall = row(name, () => true);
  if (name !== 'full') return [overall];
  return [
    overall,
    ...conversations.map(({ id }) => row(`  ${id}`, ({ conversation }) => conversation === id)),
    ...CATEGORIES.map(([number, label]) => row(`  ${label}`, ({ category }) => category === number)),
  ].filter(({ questions }) => questions > 0);
}

function share(evidence: readonly string[], found: readonly string[]): number {
  return evidence.filter((id) => found.includes(id)).length / evidence.length;
}

async function readConversation(sample: Sample, embedder: Embedder): Promise<Conversation> {
  const id = sample.sample_id;
  const memories: Memory[] = [];
  const turnIds: string[] = [''];
  const sessions = Object.entries(sample.conversation)
    .flatMap(([key, turns]) =>
      typeof turns === 'string' ? [] : [{ session: Number(key.slice('session_'.length)), turns }],
    )
    .sort((a, b) => a.session - b.session);
  for (const { session, turns } of sessions) {
    const at = readTime(String(sample.conversation[`session_${session}_date_time`]));
    const texts = turns.map(({ speaker, text, blip_caption: caption }) =>
      caption ? `${speaker} said, "${text}" and shared ${caption}` : `${speaker} said, "${text}"`,
    );
    const embeddings = await embedder.embed(texts, 'document');
    turns.forEach((turn, index) => {
      const seq = turnIds.push(turn.dia_id) - 1;
      memories.push({
        hash: `${id}:${seq}`,
        seq,
        text: texts[index]!,
        fingerprint: `${id}:${seq}`,
        embedding: embeddings[index]!,
        importance: 0.5,
        access: 0,
        turn: seq,
        used: seq,
        at: at + index,
        episode: session,
        tier: 'long_term',
      });
    });
  }
  const asked = sample.qa
    .map((qa) => ({ ...qa, evidence: [...new Set(qa.evidence.flatMap((ids) => ids.match(/D\d+:\d+/g) ?? []))] }))
    .filter(({ evidence }) => evidence.length > 0);
  const vectors = await embedder.embed(
    asked.map(({ question }) => question),
    'query',
  );
  const questions = asked.map(({ question, evidence, category }, index) => {
    return { conversation: id, category, text: question, vector: vectors[index]!, evidence };
  });
  return { id, memories, turnIds, questions };
}

/** "1:56 pm on 8 May, 2023" as Unix ms, UTC. */
function readTime(text: string): number {
  const [clock, day] = text.split(' on ');
  return Date.parse(`${day} ${clock} UTC`);
}

function findFiles(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).sort();
  const files = names.filter((name) => name.endsWith('.json')).map((name) => join(path, name));
  if (files.length > 0) return files;
  return names.filter((name) => name.startsWith('locomo')).flatMap((name) => findFiles(join(path, name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flag = process.argv.indexOf('--data');
  await benchRecall({
    data: process.argv[flag + 1] && flag > 0 ? process.argv[flag + 1]! : '../shared/data/locomo-dev',
  });
}
