/** `POST /v1/store`: an answer taken in, together with the message that waits for it or the one it brings along. */
import { z } from 'zod';
import { chunkText } from '../../../actors/kinds/session/store.ts';
import { type Context, operation } from '../operation.ts';
import { id, isolationReport, maybe, name, text, timestamp, toMs, turnMetrics } from '../schemas.ts';
import { readSession, tellSession } from './access.ts';
import { embedForStore } from './embed.ts';
import { metricsOf } from './metrics.ts';
import { untilFresh } from './turnstile.ts';

export const storeBody = z.object({
  session_id: id,
  response: text.describe("The model's answer."),
  message: maybe(text).describe('The question, when no run came before: both are stored in one call.'),
  timestamp: maybe(timestamp),
  episode: maybe(name(200)).describe('Label of a conversation inside the session; a change of label starts a new one.'),
});

type StoreBody = z.output<typeof storeBody>;

export const storeOutput = z.object({
  session_id: z.string(),
  stored: z.boolean().describe('False when isolation did not let it in.'),
  memory_hash: z.string().nullable(),
  dedup_signal: z
    .string()
    .nullable()
    .describe('`exact` or `near` when it repeats a memory, which is refreshed instead.'),
  isolation: isolationReport,
  metrics: turnMetrics,
  warning: z.string().nullable(),
});

export const store = operation({
  name: 'session.store',
  dialect: 'cortex',
  summary: 'Learn from an answer',
  description: 'Pairs the answer with the pending message; durable when the reply arrives.',
  http: { method: 'POST', path: '/v1/store', status: 200 },
  input: { body: storeBody },
  output: storeOutput,
  access: 'tenant',
  mutates: true,
  heavy: true,
  errors: [409],
  example: { body: { session_id: '$session', response: 'We picked mpnet 768d for German content.' } },
  owned: ['body.session_id'],
  run: (context, { body }) => storeIn(context, body),
});

/** Also behind the cluster's store. @throws AppError NOT_FOUND for an absent session */
export function storeIn(context: Context, body: StoreBody): Promise<z.input<typeof storeOutput>> {
  return untilFresh(context, body.session_id, () => attemptStore(context, body));
}

async function attemptStore(context: Context, body: StoreBody): Promise<z.input<typeof storeOutput>> {
  const before = await readSession(context, body.session_id);
  const pending = body.message === undefined ? before.pending : null;
  const chunk = chunkText(body.message ?? pending?.message ?? null, body.response);
  const texts = body.message === undefined ? [chunk] : [chunk, body.message];
  const [embedding, messageEmbedding] = await embedForStore(context, before, texts);
  const event = {
    type: 'store' as const,
    response: body.response,
    embedding: embedding!,
    pendingId: pending?.id ?? null,
    message: body.message ?? null,
    messageEmbedding: messageEmbedding ?? null,
    timestamp: toMs(body.timestamp),
    episode: body.episode ?? null,
  };
  const { outcome, session } = await tellSession(context, body.session_id, event);
  return {
    session_id: body.session_id,
    stored: outcome.stored,
    memory_hash: outcome.memory_hash,
    dedup_signal: outcome.dedup_signal,
    isolation: outcome.isolation,
    metrics: metricsOf(session),
    warning: outcome.warning,
  };
}
