/** The `store` command, and the inline answer of `run`: pairing an answer with its question and taking the pair in. */
import { AppError } from '../../errors.ts';
import { enterEpisode } from './episodes.ts';
import type { Payload } from './events.ts';
import { type IsolationAction, judge, setAside } from './isolation.ts';
import { type Chunk, learn } from './learn.ts';
import { measure } from './measure.ts';
import type { Pending, SessionContext } from './model.ts';
import type { Fact, Step, StoreOutcome } from './outcomes.ts';
import { takeVector } from './vectors.ts';

/** The text of a stored turn. */
export function chunkText(message: string | null, response: string): string {
  return message === null ? response : `Q: ${message} A: ${response}`;
}

const outcome = (context: SessionContext, action: IsolationAction, rest: Partial<StoreOutcome>): StoreOutcome => ({
  stored: false,
  memory_hash: null,
  dedup_signal: null,
  isolation: { level: context.isolation.level, action },
  metrics: context.metrics,
  total_memories: context.memories.length,
  turn: context.turns,
  warning: null,
  ...rest,
});

/** What of an answer is kept whether it is admitted or not. */
interface Answer {
  readonly chunk: Omit<Chunk, 'drift'>;
  /** The buffered question it answers. */
  readonly pending: Pending | null;
  readonly label: string | null;
}

function readAnswer(context: SessionContext, event: Payload<'store'>): Answer {
  const { dimension } = context.config;
  const own = event.message !== null;
  if (own !== (event.messageEmbedding !== null)) {
    throw new AppError('INVALID', 'message and messageEmbedding come together or not at all');
  }
  const waiting = context.pending?.id ?? null;
  if (!own && event.pendingId !== waiting) {
    throw new AppError('STALE', `the answer was made for message ${event.pendingId}, the session waits on ${waiting}`);
  }
  const pending = own ? null : context.pending;
  const message = event.message ?? pending?.message ?? null;
  const question =
    event.messageEmbedding === null
      ? (pending?.embedding ?? null)
      : takeVector(event.messageEmbedding, dimension, 'the embedding of the message');
  return {
    chunk: {
      text: chunkText(message, event.response),
      embedding: takeVector(event.embedding, dimension, 'the embedding of the chunk'),
      texts: message === null ? [event.response] : [message, event.response],
      question,
      extra: (event.extra ?? []).map((part, i) => ({
        text: part.text,
        embedding: takeVector(part.embedding, dimension, `the embedding of part ${i}`),
      })),
      at: event.timestamp ?? (pending?.stated ? pending.at : event.at),
    },
    pending,
    label: event.episode,
  };
}

/**
 * Keeps an answer out. One that belongs to a question in the quarantine buffer joins it there, so that a release brings
 * back the whole exchange.
 */
function refuse(context: SessionContext, answer: Answer, action: IsolationAction, why: string): Step<StoreOutcome> {
  const { chunk, pending, label } = answer;
  const aside = { text: chunk.text, embedding: chunk.embedding, at: chunk.at, episode: label, pendingId: null };
  const place = pending === null ? -1 : context.quarantine.findIndex((entry) => entry.pendingId === pending.id);
  const warning = `nothing stored: ${why}`;
  if (place >= 0 && action !== 'blocked') {
    const joined = { ...aside, episode: label ?? context.quarantine[place]!.episode };
    const next = { ...context, quarantine: context.quarantine.with(place, joined) };
    return { context: next, outcome: outcome(next, 'quarantined', { warning }), facts: [] };
  }
  if (action !== 'quarantined') return { context, outcome: outcome(context, action, { warning }), facts: [] };
  const { buffer, facts } = setAside(context.quarantine, aside);
  const next = { ...context, quarantine: buffer };
  return { context: next, outcome: outcome(next, action, { warning }), facts };
}

/** The waiting message, when the question that comes along is that very message told again. */
function measuredBefore({ pending }: SessionContext, { message }: Payload<'store'>): Pending | null {
  return pending?.admitted && pending.message === message ? pending : null;
}

/**
 * Takes an answer in. The drift of a turn is measured once: on its question when it was buffered or comes along, on the
 * answer when there is no question.
 */
export function store(context: SessionContext, event: Payload<'store'>): Step<StoreOutcome> {
  const answer = readAnswer(context, event);
  const { chunk, pending, label } = answer;
  const waiting = pending === null ? context : { ...context, pending: null };
  const judged = judge(context.isolation, context.anchors, { message: chunk.question, chunk: chunk.embedding });
  if (judged !== 'pass') return refuse(waiting, answer, judged, `isolation ${judged} it`);
  if (pending !== null && !pending.admitted) {
    return refuse(waiting, answer, 'dropped', 'the message it answers was not let in');
  }

  const facts: Fact[] = [];
  let next = waiting;
  const known = pending ?? measuredBefore(context, event);
  let drift = known?.drift ?? 0;
  let confirmed = false;
  if (known === null) {
    const measured = measure(next, chunk.question ?? chunk.embedding, event.message ?? event.response);
    next = measured.context;
    drift = measured.drift.score;
    confirmed = measured.drift.confirmed;
    facts.push(...measured.facts);
  }
  const arrival = { label, at: chunk.at, pauses: pending === null, confirmed };
  const learned = learn({ ...next, ...enterEpisode(next, arrival) }, { ...chunk, drift });
  return {
    context: learned.context,
    outcome: outcome(learned.context, 'pass', {
      stored: true,
      memory_hash: learned.hash,
      dedup_signal: learned.signal,
      warning: chunk.question === null ? 'no message was waiting: the answer was stored alone' : null,
    }),
    facts: [...facts, ...learned.facts],
  };
}
