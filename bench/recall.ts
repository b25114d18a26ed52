/**
 * Recall on LoCoMo: how much of the evidence for a question is among the first k memories.
 *
 * Measures recall@k = evidence ids found in the top k / evidence ids, averaged over questions, through HTTP: a conversation
 * is one session that holds every turn. Beside it the same ranker in process on the same memories, so that a difference
 * shows what storing and the wire change; and the baselines, one index per conversation. Does not measure: speed, the
 * capacities of the tiers (every turn stays), or what a language model makes of the memories.
 */
import type { BenchOptions } from '../src/cli/bench.ts';
import { createHashEmbedder } from '../src/embedding/hash.ts';
import { createRanker } from '../src/recall/rank.ts';
import type { Query, Ranker } from '../src/recall/ranker.ts';
import type { Outcome } from './index.ts';
import { type Conversation, type Question, readConversations } from './locomo.ts';
import { askOverHttp } from './recall-http.ts';
import { type Answered, DEPTHS, differing, overall, parts } from './recall-score.ts';

const TOP_K = Math.max(...DEPTHS);

const NO_STRUCTURE = { previous: 0, beforePrevious: 0, next: 0, episode: 0 };

interface Variant {
  readonly name: string;
  readonly ranker: Ranker;
  readonly query: (question: Question) => Omit<Query, 'topK'>;
}

const FULL: Variant = {
  name: 'in process',
  ranker: createRanker(),
  query: ({ text, vector }) => ({ text, vector }),
};

const OTHERS: readonly Variant[] = [
  { name: 'in process, without vector', ranker: createRanker(), query: ({ text }) => ({ text }) },
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
  const { found, repeats } = await askOverHttp(conversations, TOP_K, (line) => progress(`recall: HTTP, ${line}`));
  const overHttp = conversations.flatMap(({ questions }, c) =>
    questions.map((question, q): Answered => ({ question, found: found[c]![q]! })),
  );
  progress('recall: in process');
  const inProcess = rankAll(FULL, conversations);
  const apart = differing(overHttp, inProcess);
  const facts = `${conversations.length} conversations, ${turns} turns, embedder ${embedder.id}`;
  return {
    measurements: [
      overall('through HTTP', overHttp),
      ...parts(overHttp),
      ...[FULL, ...OTHERS].map((variant) =>
        overall(variant.name, variant === FULL ? inProcess : rankAll(variant, conversations)),
      ),
    ],
    notes: [
      `recall: ${facts}; n counts questions, nothing varies between rounds`,
      `recall: HTTP and in process list other turns, or in another order, for ${apart} of ${overHttp.length} questions`,
      ...(repeats === 0 ? [] : [`recall: ${repeats} turns repeat another; the server keeps one memory for both`]),
    ],
  };
}

function rankAll({ ranker, query }: Variant, conversations: readonly Conversation[]): Answered[] {
  return conversations.flatMap(({ id, memories, turnIds, questions }) =>
    questions.map((question) => {
      const { hits } = ranker.rank(id, memories, { ...query(question), topK: TOP_K });
      return { question, found: hits.map(({ memory }) => turnIds[memory.seq]!) };
    }),
  );
}
