/** Recall@k: the share of a question's evidence among the first k turns found, averaged over questions. */
import type { Measurement } from '../src/cli/bench.ts';
import type { Question } from './locomo.ts';

export const DEPTHS = [5, 10, 25, 50] as const;

const CATEGORIES = [
  [1, 'multi-hop'],
  [2, 'temporal'],
  [3, 'open-domain'],
  [4, 'single-hop'],
  [5, 'adversarial'],
] as const;

/** A question and the ids of the turns found for it, best first. */
export interface Answered {
  readonly question: Pick<Question, 'conversation' | 'category' | 'evidence'>;
  readonly found: readonly string[];
}

/** Percent at each of {@link DEPTHS}; NaN for no questions. */
export function recallOf(answered: readonly Answered[]): number[] {
  return DEPTHS.map((depth) => {
    const shares = answered.map(({ question, found }) => share(question.evidence, found.slice(0, depth)));
    return (100 * shares.reduce((sum, one) => sum + one, 0)) / shares.length;
  });
}

function share(evidence: readonly string[], found: readonly string[]): number {
  return evidence.filter((id) => found.includes(id)).length / evidence.length;
}

export function overall(name: string, answered: readonly Answered[]): Measurement {
  const values = recallOf(answered);
  return { benchmark: 'recall', case: name, n: answered.length, unit: `% @${DEPTHS.join('/')}`, values };
}

/** A line for each conversation and each kind of question that occurs. */
export function parts(answered: readonly Answered[]): Measurement[] {
  const conversations = [...new Set(answered.map(({ question }) => question.conversation))];
  const groups = [
    ...conversations.map((id) => [id, answered.filter(({ question }) => question.conversation === id)] as const),
    ...CATEGORIES.map(([n, label]) => [label, answered.filter(({ question }) => question.category === n)] as const),
  ];
  return groups.filter(([, some]) => some.length > 0).map(([name, some]) => overall(`  ${name}`, some));
}

/** Questions for which two ways found other turns, or the same in another order. */
export function differing(a: readonly Answered[], b: readonly Answered[]): number {
  return a.filter(({ found }, i) => found.join(' ') !== b[i]!.found.join(' ')).length;
}
