/** `POST /v1/run`: what a session remembers of a message, and the message itself buffered until its answer comes. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { wipe } from '../../../actors/kinds/session/create.ts';
import type { CommandEvent } from '../../../actors/kinds/session/events.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import type { RunOutcome } from '../../../actors/kinds/session/outcomes.ts';
import { chunkText, store as storeAnswer } from '../../../actors/kinds/session/store.ts';
import type { Recalled } from '../../recall/ranker.ts';
import { keyed } from '../keyed.ts';
import { activeUser } from '../network/active-user.ts';
import { type Context, operation } from '../operation.ts';
import { cosine, id, isolationReport, maybe, name, text, timestamp, toMs, turnMetrics } from '../schemas.ts';
import { noSession, readSession, sessionAddress, tellSession } from './access.ts';
import { type Block, contextBlock } from './context-block.ts';
import { createInput } from './create.ts';
import { embedForRecall, embedForStore } from './embed.ts';
import { metricsOf } from './metrics.ts';
import { matchEntities, recall } from './recall.ts';
import { untilFresh } from './turnstile.ts';

/** Similarity from which an answer may be reused, unless the caller says otherwise. */
const SHORT_CIRCUIT = 0.85;

export const runBody = z.object({
  message: text,
  session_id: maybe(id).describe('Absent: a new session.'),
  response: maybe(text).describe("The model's answer to the message before; stored first."),
  short_circuit_threshold: cosine.default(SHORT_CIRCUIT),
  reset_context: z.boolean().default(false).describe('Forget what was said, keep the id; an unknown id is created.'),
  top_k: maybe(z.int().min(1).max(100)),
  max_context_tokens: maybe(z.int().min(50).max(100_000)).describe('Bound of the context block.'),
  timestamp: maybe(timestamp),
  episode: maybe(name(200)).describe('Label of a conversation inside the session.'),
});

export type RunBody = z.output<typeof runBody>;

export const runOutput = z.object({
  session_id: z.string(),
  context: z.string(),
  top_similarity: z.number(),
  short_circuit: z.boolean(),
  drift_score: z.number(),
  drift_detected: z.boolean(),
  drift_phase: z.enum(['stable', 'shifting', 'drifted']),
  drift_confirmed: z.boolean(),
  metrics: turnMetrics,
  dedup_signal: z.string().nullable().describe('Of the inline response.'),
  retrieval_error: z.string().nullable(),
  degraded: z.boolean().describe('Recall went on without vectors.'),
  isolation: isolationReport,
  stored: z.boolean().nullable().describe('Whether the inline response was stored; null without one.'),
  context_tokens: z.int().describe('Estimated tokens of the context block.'),
  context_budget_tokens: z.int(),
  recalled: z.array(z.object({ memory_hash: z.string(), score: z.number() })),
});

export const run = operation({
  name: 'session.run',
  dialect: 'cortex',
  summary: 'Retrieve context for a message',
  description:
    'Stores the previous answer when one is given, measures the message against the session, buffers it until its ' +
    'answer is stored, and returns the context block.',
  http: { method: 'POST', path: '/v1/run', status: 200 },
  input: { body: runBody },
  output: runOutput,
  access: 'tenant',
  mutates: true,
  heavy: true,
  example: { body: { session_id: '$session', message: 'Which embedder did we pick for German text?' } },
  owned: ['body.session_id'],
  run: async (context, { body }) => await runSession(context, body),
});

async function runSession(context: Context, body: RunBody): Promise<z.input<typeof runOutput>> {
  const id = body.session_id ?? context.caller.newId();
  const created =
    body.session_id === undefined ||
    (body.reset_context && !context.services.system.exists(sessionAddress(context, id)));
  if (created) await spawn(context, id);
  return runIn(context, id, body);
}

/**
 * Runs in a session that has to be there; also behind the cluster's run, as a cluster's own session is an ordinary one.
 *
 * @throws AppError NOT_FOUND for an absent session, also with `reset_context`
 */
export async function runIn(
  context: Context,
  id: string,
  body: Omit<RunBody, 'session_id'>,
): Promise<z.input<typeof runOutput>> {
  return untilFresh(context, id, () => attemptRun(context, id, body));
}

async function spawn(context: Context, id: string): Promise<void> {
  const { services } = context;
  const input = { ...createInput(context, {}), user: await activeUser(context) };
  await services.system.spawn(sessionAddress(context, id), input, keyed(context, 'create')).catch((error: unknown) => {
    // Somebody else created it a moment ago: then it is there, which is all that was wanted.
    if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
  });
}

async function attemptRun(
  context: Context,
  id: string,
  body: Omit<RunBody, 'session_id'>,
): Promise<z.input<typeof runOutput>> {
  const { config } = context.services;
  const before = await readSession(context, id).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'NOT_FOUND' ? noSession() : error;
  });
  const vector = await embedForRecall(context, before, body.message, 'query');
  const question = { text: body.message, vector, topK: body.top_k ?? config.runTopK };
  const response = await inlineResponse(context, before, body);
  const expected = afterAnswer(before, response, body.reset_context, context.services.clock.now());
  const first = recall(context, expected, question);
  const event = {
    type: 'run' as const,
    message: body.message,
    embedding: vector ?? new Float32Array(before.config.dimension),
    recalled: first.hits.map(({ memory }) => memory.hash),
    response,
    reset: body.reset_context,
    timestamp: toMs(body.timestamp),
    episode: body.episode ?? null,
  };
  const { outcome, session } = await tellSession(context, id, event);
  // Another caller may have added memories since the first look.
  const seen = sameMemories(expected, session) ? first : recall(context, session, question);
  const blocked = outcome.isolation.action === 'blocked';
  const block = contextBlock({
    label: config.contextLabel,
    turn: outcome.turn,
    memories: session.memories.length,
    hits: blocked ? [] : seen.hits,
    entities: blocked ? [] : matchEntities(session.entities, body.message),
    budgetTokens: body.max_context_tokens ?? config.contextBudgetTokens,
  });
  countShownEntities(context, id, block);
  return answer(id, body, outcome, session, seen, block, config.contextBudgetTokens);
}

/** Recall marks memories as used and so replaces them; which memories there are is what matters here. */
function sameMemories(before: SessionContext, after: SessionContext): boolean {
  return (
    before.nextSeq === after.nextSeq &&
    before.memories.length === after.memories.length &&
    before.memories[0]?.hash === after.memories[0]?.hash
  );
}

type InlineResponse = CommandEvent<'run'>['response'];

async function inlineResponse(
  context: Context,
  session: SessionContext,
  body: Pick<RunBody, 'response' | 'reset_context'>,
): Promise<InlineResponse> {
  if (body.response === undefined) return null;
  const pending = body.reset_context ? null : session.pending;
  const [embedding] = await embedForStore(context, session, [chunkText(pending?.message ?? null, body.response)]);
  return { text: body.response, embedding: embedding!, pendingId: pending?.id ?? null };
}

/**
 * The session as the message will find it: an inline answer is stored before the message is looked up, so its memory is
 * found, and counted as recalled, just as if it had been stored by a call of its own.
 */
function afterAnswer(session: SessionContext, response: InlineResponse, reset: boolean, at: number): SessionContext {
  const start = reset ? wipe(session) : session;
  if (response === null) return start;
  const { text, embedding, pendingId } = response;
  const alone = { message: null, messageEmbedding: null, episode: null, timestamp: start.pending?.at ?? null };
  return storeAnswer(start, { at, response: text, embedding, pendingId, ...alone }).context;
}

/** Bookkeeping nobody waits for. */
function countShownEntities(context: Context, id: string, { entities }: Block): void {
  if (entities.length === 0) return;
  const event = { type: 'entity.touch', keys: entities.map(({ key }) => key) };
  context.services.system.ask(sessionAddress(context, id), event).catch(() => {});
}

function answer(
  id: string,
  body: Omit<RunBody, 'session_id'>,
  outcome: RunOutcome,
  session: SessionContext,
  recalled: Recalled,
  block: Block,
  defaultBudget: number,
): z.input<typeof runOutput> {
  const { drift } = outcome;
  return {
    session_id: id,
    context: block.text,
    top_similarity: recalled.topSimilarity,
    short_circuit: recalled.topSimilarity >= body.short_circuit_threshold,
    drift_score: drift.score,
    drift_detected: drift.detected,
    drift_phase: drift.phase,
    drift_confirmed: drift.confirmed,
    metrics: metricsOf(session),
    dedup_signal: outcome.stored?.dedup_signal ?? null,
    retrieval_error: recalled.degraded ? 'the embedder did not answer; recall went on without vectors' : null,
    degraded: recalled.degraded,
    isolation: outcome.isolation,
    stored: outcome.stored?.stored ?? null,
    context_tokens: block.tokens,
    context_budget_tokens: body.max_context_tokens ?? defaultBudget,
    recalled: block.shown.map(({ memory, score }) => ({ memory_hash: memory.hash, score })),
  };
}
