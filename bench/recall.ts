/**
 * Recall on LoCoMo: how much of the evidence for a question is among the first k memories.
 *
 * Measures recall@k = evidence ids found in the top k / evidence ids, averaged over questions; one index per
 * conversation. Baselines run beside it on the same memories. Does not measure: speed, the capacities of the tiers (every
 * turn stays), or what a language model makes of the memories.
 */
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { createHashEmbedder } from '../src/embedding/hash.ts';
import { createRanker } from '../src/recall/rank.ts';
import type { Query, Ranker } from '../src/recall/ranker.ts';
import type { Outcome } from './index.ts';
import { type Conversation, type Question, readConversations } from './locomo.ts';

const DEPTHS = [5, 10, 25, 50] as const;
const CATEGORIES = [
  [1, 'multi-hop'],
  [2, 'temporal'],
  [3, 'open-domain'],
  [4, 'single-hop'],
  [5, 'adversarial'],
] as const;

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

export async function measureRecall({ data, progress }: BenchOptions): Promise<Outcome> {
  const embedder = createHashEmbedder();
  const conversations = data === undefined ? [] : await readConversations(data, embedder);
  if (conversations.length === 0) {
    const where = data === undefined ? '' : ` at ${data}`;
    return { measurements: [], notes: [`recall: skipped, no LoCoMo data${where}; give its folder with --data PATH`] };
  }
  const turns = conversations.reduce((sum, { memories }) => sum + memories.length, 0);
  const measurements = VARIANTS.flatMap((variant) => {
    progress(`recall: ${variant.name}`);
    return measure(variant, conversations);
  });
  const facts = `${conversations.length} conversations, ${turns} turns, embedder ${embedder.id}`;
  return { measurements, notes: [`recall: ${facts}; n counts questions, nothing varies between rounds`] };
}

function measure({ name, ranker, query }: Variant, conversations: readonly Conversation[]): Measurement[] {
  const scored = conversations.flatMap(({ id, memories, turnIds, questions }) =>
    questions.map((question) => {
      const { hits } = ranker.rank(id, memories, { ...query(question), topK: Math.max(...DEPTHS) });
      const found = hits.map(({ memory }) => turnIds[memory.seq]!);
      return { question, recall: DEPTHS.map((depth) => share(question.evidence, found.slice(0, depth))) };
    }),
  );
  const row = (label: string, wanted: (question: Question) => boolean): Measurement => {
    const chosen = scored.filter(({ question }) => wanted(question));
    const mean = (column: number) => chosen.reduce((sum, { recall }) => sum + recall[column]!, 0) / chosen.length;
    const values = DEPTHS.map((_, column) => 100 * mean(column));
    return { benchmark: 'recall', case: label, n: chosen.length, unit: `% @${DEPTHS.join('/')}`, values };
  };
  const overall = row(name, () => true);
  if (name !== 'full') return [overall];
  return [
    overall,
    ...conversations.map(({ id }) => row(`  ${id}`, ({ conversation }) => conversation === id)),
    ...CATEGORIES.map(([number, label]) => row(`  ${label}`, ({ category }) => category === number)),
  ].filter(({ n }) => n > 0);
}

function share(evidence: readonly string[], found: readonly string[]): number {
  return evidence.filter((id) => found.includes(id)).length / evidence.length;
}
