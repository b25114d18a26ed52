/** One stored turn: how an admitted chunk moves the state and becomes a memory. */
import { norm } from '../../../workers/vector.ts';
import { dropped, pulled, REALIGNMENT_TURNS } from './anchors.ts';
import { memoryCosines } from './columns.ts';
import { type DedupSignal, findDuplicate, fingerprintOf } from './dedup.ts';
import { DRIFTED_FROM, learnTurn } from './drift.ts';
import { hashMemory, insert, refresh } from './memory.ts';
import type { SessionContext, TurnMetrics } from './model.ts';
import type { Fact } from './outcomes.ts';
import { PHASE_REACH, phaseOf } from './phase.ts';
import { applyPolicies } from './policies.ts';
import { ORDINARY_IMPORTANCE, triggered } from './triggers.ts';
import { advance, fsmOf, noveltyOf, patternOf, RATE, record, TRIGGER_RATE } from './update.ts';
import { similarity } from './vectors.ts';

/** An admitted input, ready to be stored. Vectors have unit length or are all zeros. */
export interface Chunk {
  readonly text: string;
  readonly embedding: Float32Array;
  /** What triggers look at beside the chunk itself: the question and the answer, the answer last. */
  readonly texts: readonly string[];
  /** Of the question; null for an answer alone. */
  readonly question: Float32Array | null;
  /** Drift score of this turn's message. */
  readonly drift: number;
  /** Memories of their own beside the chunk. */
  readonly extra: readonly { readonly text: string; readonly embedding: Float32Array }[];
  /** Unix ms: when it happened. */
  readonly at: number;
}

export interface Learned {
  readonly context: SessionContext;
  /** Of the chunk's memory, or of the one it repeats. */
  readonly hash: string;
  readonly signal: DedupSignal | null;
  readonly facts: readonly Fact[];
}

/** Adds one memory of the present turn, or refreshes the one it repeats. */
function remember(
  context: SessionContext,
  { text, embedding, at }: Pick<Chunk, 'text' | 'embedding' | 'at'>,
  baseImportance: number,
): Learned {
  const { memories, turns, nextSeq } = context;
  const importance = applyPolicies(context.policies, embedding, baseImportance);
  const fingerprint = fingerprintOf(text);
  const duplicate = findDuplicate(memories, text, fingerprint);
  if (duplicate !== null) {
    const { index, signal } = duplicate;
    const known = refresh(memories, index, importance, turns);
    return { context: { ...context, memories: known }, hash: memories[index]!.hash, signal, facts: [] };
  }
  const hash = hashMemory(context.id, nextSeq, text);
  const memory = {
    hash,
    seq: nextSeq,
    text,
    fingerprint,
    embedding,
    importance,
    access: 0,
    turn: turns,
    used: turns,
    at,
    episode: context.episode,
    tier: 'short_term',
  } as const;
  const added = insert(memories, memory, context.config.memory, turns);
  return {
    context: { ...context, memories: added.memories, nextSeq: nextSeq + 1 },
    hash,
    signal: null,
    facts: added.evicted === null ? [] : [{ type: 'memory.evicted', payload: added.evicted }],
  };
}

/** Moves the state towards the chunk and, during a realignment, towards the nearest anchor. */
function moveState(context: SessionContext, embedding: Float32Array, rate: number): SessionContext {
  const state = advance(context.state, context.initialised, embedding, rate);
  const moved = { ...context, state, initialised: context.initialised || norm(embedding) > 0 };
  if (context.realignmentRemaining === 0) return moved;
  return { ...moved, state: pulled(moved), realignmentRemaining: context.realignmentRemaining - 1 };
}

/** Starts a realignment when a change has taken the session away from its anchors. */
export function realign(before: SessionContext, after: SessionContext): Pick<Learned, 'context' | 'facts'> {
  if (!dropped(before, after)) return { context: after, facts: [] };
  const context = { ...after, realignmentRemaining: REALIGNMENT_TURNS };
  return { context, facts: [{ type: 'anchor.realignment', payload: { turns: REALIGNMENT_TURNS } }] };
}

/** Stores one turn. */
export function learn(before: SessionContext, chunk: Chunk): Learned {
  const { embedding } = chunk;
  const importance = triggered(
    before.triggers,
    chunk.texts,
    chunk.question === null ? [embedding] : [chunk.question, embedding],
  );
  const rate = importance === null ? RATE : TRIGGER_RATE;
  const cosines = memoryCosines(before.memories, embedding);
  const s = before.initialised ? similarity(before.state, embedding) : 0;

  let after = moveState({ ...before, turns: before.turns + 1 }, embedding, rate);
  const driftState = learnTurn(before.driftState, { vector: embedding, text: chunk.texts.at(-1) ?? '' });
  const previous = before.turns === 0 ? null : before.metrics.similarity;
  const similarities = [...before.histories.similarity.slice(-PHASE_REACH), s];
  const metrics: TurnMetrics = {
    similarity: s,
    beta: 1 - rate,
    pattern_strength: patternOf(cosines),
    norm: norm(after.state),
    fsm: fsmOf(before.metrics.fsm, previous, s),
    phase: phaseOf(after.turns, similarities, driftState.scores),
    topic_switch: before.config.enable_topic_switch && chunk.drift >= DRIFTED_FROM ? chunk.drift : 0,
    novelty_score: noveltyOf(cosines),
  };
  after = { ...after, metrics, driftState, histories: record(before.histories, metrics) };

  const base = importance ?? ORDINARY_IMPORTANCE;
  const first = remember(after, chunk, base);
  const facts = [...first.facts];
  after = first.context;
  for (const part of chunk.extra) {
    const added = remember(after, { ...part, at: chunk.at }, base);
    after = added.context;
    facts.push(...added.facts);
  }
  const realigned = realign(before, after);
  return { ...first, context: realigned.context, facts: [...facts, ...realigned.facts] };
}
