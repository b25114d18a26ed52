/** The `run` command: stores the answer to the last message, measures this one and buffers it until its answer comes. */
import { wipe } from './create.ts';
import { DRIFTED_FROM, NO_DRIFT } from './drift.ts';
import { enterEpisode } from './episodes.ts';
import type { Payload } from './events.ts';
import { judge, setAside } from './isolation.ts';
import { type Measured, measure } from './measure.ts';
import { recall } from './memory.ts';
import type { SessionContext } from './model.ts';
import type { Fact, RunOutcome, Step, StoreOutcome } from './outcomes.ts';
import { store } from './store.ts';
import { similarity, takeVector } from './vectors.ts';

type RunPayload = Payload<'run'>;

/** The inline answer, taken in just as `store` would. */
function storeResponse(context: SessionContext, event: RunPayload): Step<StoreOutcome | null> {
  if (event.response === null) return { context, outcome: null, facts: [] };
  const { text, embedding, pendingId, extra } = event.response;
  return store(context, {
    at: event.at,
    response: text,
    embedding,
    pendingId,
    message: null,
    messageEmbedding: null,
    // Label and time of this event are the new message's. The answer was given back then, however late it is told: at
    // the time of its question, so that a pause before the new message still shows.
    timestamp: context.pending?.at ?? null,
    episode: null,
    extra,
  });
}

/** Takes an admitted message in: drift, then the episode it opens or goes on. */
function admit(context: SessionContext, event: RunPayload, message: Float32Array, at: number): Measured {
  const measured = measure(context, message, event.message);
  const arrival = { label: event.episode, at, pauses: true, confirmed: measured.drift.confirmed };
  return { ...measured, context: { ...measured.context, ...enterEpisode(measured.context, arrival) } };
}

/**
 * Order: reset, inline answer, isolation, recall counts, drift, episode, buffer. The message replaces one still waiting.
 * A message that is not admitted moves neither drift nor episode; it is buffered all the same, so that its answer
 * is known for what it is and kept out too.
 */
export function run(before: SessionContext, event: RunPayload): Step<RunOutcome> {
  const message = takeVector(event.embedding, before.config.dimension, 'the embedding of the message');
  const answered = storeResponse(event.reset ? wipe(before) : before, event);
  const { isolation, anchors, turns, nextPending } = answered.context;
  const at = event.timestamp ?? event.at;
  const action = judge(isolation, anchors, { message, chunk: null });
  const seen = action === 'blocked' ? [] : event.recalled;
  const recalled = { ...answered.context, memories: recall(answered.context.memories, seen, turns) };

  const admitted = action === 'pass';
  const measured = admitted ? admit(recalled, event, message, at) : { context: recalled, drift: NO_DRIFT, facts: [] };
  const { drift } = measured;
  const pending = {
    id: nextPending,
    message: event.message,
    embedding: message,
    at,
    stated: event.timestamp !== null,
    admitted,
    drift: drift.score,
  };
  let context: SessionContext = { ...measured.context, pending, nextPending: nextPending + 1 };
  const facts: Fact[] = [...answered.facts, ...measured.facts];
  if (action === 'quarantined') {
    const text = `Q: ${event.message}`;
    const aside = { text, embedding: message, at, episode: event.episode, pendingId: pending.id };
    const { buffer, facts: overflow } = setAside(context.quarantine, aside);
    context = { ...context, quarantine: buffer };
    facts.push(...overflow);
  }
  return {
    context,
    outcome: {
      turn: turns,
      drift,
      message: {
        similarity: context.initialised ? similarity(context.state, message) : 0,
        topic_switch: context.config.enable_topic_switch && drift.score >= DRIFTED_FROM ? drift.score : 0,
      },
      isolation: { level: isolation.level, action },
      stored: answered.outcome,
      pendingId: pending.id,
      metrics: context.metrics,
      total_memories: context.memories.length,
      episode: context.episode,
    },
    facts,
  };
}
