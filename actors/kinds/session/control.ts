/** The commands that set a session up or put something in by hand: triggers, anchors, isolation, memories, state. */
import { norm } from '../../../workers/vector.ts';
import { AppError } from '../../errors.ts';
import { addAnchor, anchorScore } from './anchors.ts';
import { fingerprintOf } from './dedup.ts';
import { enterEpisode } from './episodes.ts';
import type { Payload } from './events.ts';
import { makeIsolation } from './isolation.ts';
import { learn, realign } from './learn.ts';
import { measure } from './measure.ts';
import { hashMemory, insert } from './memory.ts';
import type { Memory, SessionContext } from './model.ts';
import type { Fact, Outcomes, Step } from './outcomes.ts';
import { addTrigger } from './triggers.ts';
import { takeState, takeVector } from './vectors.ts';

export function triggerAdd(context: SessionContext, event: Payload<'trigger.add'>): Step<Outcomes['trigger.add']> {
  const triggers = addTrigger(context.triggers, event.trigger, context.config.dimension);
  return { context: { ...context, triggers }, outcome: { trigger_count: triggers.length }, facts: [] };
}

export function triggerClear(context: SessionContext): Step<Outcomes['trigger.clear']> {
  return { context: { ...context, triggers: [] }, outcome: { trigger_count: 0 }, facts: [] };
}

export function anchorAdd(context: SessionContext, event: Payload<'anchor.add'>): Step<Outcomes['anchor.add']> {
  const anchors = addAnchor(context.anchors, event.embedding, context.config.dimension);
  const added = realign(context, { ...context, anchors });
  return { ...added, outcome: { anchor_count: anchors.length, anchor_score: anchorScore(added.context) } };
}

/** Replaces level, lists and threshold together. The quarantine buffer stays: only a release or a reset empties it. */
export function isolate(context: SessionContext, event: Payload<'isolate'>): Step<Outcomes['isolate']> {
  const isolation = makeIsolation(event, context.config.dimension);
  const outcome = { level: isolation.level, quarantined: context.quarantine.length };
  return { context: { ...context, isolation }, outcome, facts: [] };
}

/**
 * Stores what was set aside, in order, whatever the isolation now says: releasing is the judgement. A question still
 * waiting for its answer is stored as it is, and its answer will be let in.
 */
export function release(context: SessionContext): Step<Outcomes['release']> {
  const facts: Fact[] = [];
  let next: SessionContext = { ...context, quarantine: [] };
  for (const { text, embedding, at, episode, pendingId } of context.quarantine) {
    const measured = measure(next, embedding);
    const { score, confirmed } = measured.drift;
    const within = enterEpisode(measured.context, { label: episode, at, pauses: true, confirmed });
    const chunk = { text, embedding, texts: [text], question: null, drift: score, extra: [], at };
    const learned = learn({ ...measured.context, ...within }, chunk);
    next = learned.context;
    facts.push(...measured.facts, ...learned.facts);
    if (next.pending !== null && next.pending.id === pendingId) {
      next = { ...next, pending: { ...next.pending, admitted: true } };
    }
  }
  const outcome = { released_count: context.quarantine.length, total_memories: next.memories.length };
  return { context: next, outcome, facts };
}

/** Puts a memory straight into a tier: no update, no measurement, no duplicate check, no isolation. */
export function memoryInject(
  context: SessionContext,
  { text, embedding, tier, importance, access, at }: Payload<'memory.inject'>,
): Step<Outcomes['memory.inject']> {
  const { id, nextSeq, turns, episode, config } = context;
  const memory: Memory = {
    hash: hashMemory(id, nextSeq, text),
    seq: nextSeq,
    text,
    fingerprint: fingerprintOf(text),
    embedding: takeVector(embedding, config.dimension, 'the embedding of the memory'),
    importance,
    access,
    turn: turns,
    used: turns,
    at,
    episode,
    tier,
  };
  const { memories, evicted } = insert(context.memories, memory, config.memory, turns);
  return {
    context: { ...context, memories, nextSeq: nextSeq + 1 },
    outcome: { memory_hash: memory.hash, tier, total_memories: memories.length },
    facts: evicted === null ? [] : [{ type: 'memory.evicted', payload: evicted }],
  };
}

/** Replaces the session's vector, as a cluster's feedback does; memories and measurements stay. */
export function vectorSet(context: SessionContext, event: Payload<'vector.set'>): Step<Outcomes['vector.set']> {
  const state = takeState(event.state, context.config.dimension, 'the state');
  if (norm(state) === 0) throw new AppError('INVALID', 'the state is all zeros');
  const set = realign(context, { ...context, state, initialised: true });
  return { ...set, outcome: { updated: true, anchor_score: anchorScore(set.context) } };
}

/**
 * Takes over a checked state of another session, or an earlier one of this session. Its id, birthday, cluster and
 * user stay, and hashes of memories are kept as they are. Ids of pending messages move past those this session has given out, so that
 * an answer on its way to a message from before is refused as stale.
 */
export function importSession(context: SessionContext, { state }: Payload<'import'>): Step<Outcomes['import']> {
  const { id, config, createdAt, cluster, user, nextPending } = context;
  if (state.config.dimension !== config.dimension || state.config.embedder !== config.embedder) {
    const found = `${state.config.embedder}/${state.config.dimension}`;
    const wanted = `${config.embedder}/${config.dimension}`;
    throw new AppError('MALFORMED', `the state holds vectors of ${found}, the session wants ${wanted}`);
  }
  const shift = nextPending - 1;
  const next: SessionContext = {
    ...state,
    id,
    createdAt,
    cluster,
    user,
    pending: state.pending === null ? null : { ...state.pending, id: state.pending.id + shift },
    nextPending: state.nextPending + shift,
    quarantine: state.quarantine.map((entry) =>
      entry.pendingId === null ? entry : { ...entry, pendingId: entry.pendingId + shift },
    ),
  };
  return { context: next, outcome: { imported: true, total_memories: next.memories.length }, facts: [] };
}
