/** Looking at memories: ranked by the session's state or by a question, and one of them whole. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import type { Hit } from '../../recall/ranker.ts';
import { operation } from '../operation.ts';
import { flag, id, name, sessionPath, whole, words } from '../schemas.ts';
import { readSession } from './access.ts';
import { clip } from './context-block.ts';
import { embedForRecall } from './embed.ts';
import { recall } from './recall.ts';

const explanation = z.object({
  lexical: z.number(),
  structure: z.number(),
  vector: z.number(),
  boost: z.number(),
  recency: z.number(),
  cosine: z.number().nullable(),
});

const item = z.object({
  text: z.string(),
  relevance: z.number(),
  memory_hash: z.string(),
  truncated: z.boolean(),
  tier: z.string(),
  timestamp: z.number().describe('Unix seconds.'),
  episode: z.int(),
  explain: explanation.optional().describe('What the relevance is made of.'),
});

export const stateContext = operation({
  name: 'session.context',
  dialect: 'cortex',
  summary: 'Relevant memories of a session',
  description: "Ranked by the session's own state, or by `q`.",
  http: { method: 'GET', path: '/v1/state/context', status: 200 },
  input: {
    query: z.object({
      session_id: id,
      top_k: whole(1, 100).default(5),
      full_first: flag.default(false).describe('Leave the text of the first hit whole.'),
      q: words.describe('Rank by this question; absent: by the state.'),
      explain: flag.default(false),
      max_text_chars: whole(1, 100_000).default(500),
    }),
  },
  output: z.object({ session_id: z.string(), memories: z.array(item), total: z.int(), degraded: z.boolean() }),
  access: 'tenant',
  mutates: false,
  heavy: true,
  example: { query: { session_id: '$session', top_k: 3, q: 'German embedder' } },
  owned: ['query.session_id'],
  run: async (context, { query }) => {
    const session = await readSession(context, query.session_id);
    const byState = session.initialised ? session.state : null;
    const { q } = query;
    const question = q
      ? { text: q, vector: await embedForRecall(context, session, q, 'query'), topK: query.top_k }
      : { vector: byState, topK: query.top_k };
    const { hits, degraded } = recall(context, session, question);
    return {
      session_id: query.session_id,
      memories: hits.map((hit, i) =>
        describe(hit, query.full_first && i === 0 ? Infinity : query.max_text_chars, query.explain),
      ),
      total: session.memories.length,
      degraded,
    };
  },
});

function describe({ memory, score, cosine, parts }: Hit, chars: number, explain: boolean): z.input<typeof item> {
  return {
    ...clip(memory.text, chars),
    relevance: score,
    memory_hash: memory.hash,
    tier: memory.tier,
    timestamp: memory.at / 1_000,
    episode: memory.episode,
    ...(explain ? { explain: { ...parts, cosine } } : {}),
  };
}

export const expandMemory = operation({
  name: 'session.memory',
  dialect: 'cortex',
  summary: 'One memory, whole',
  http: { method: 'GET', path: '/v1/session/{id}/memories/{memory_hash}', status: 200 },
  input: { path: sessionPath.extend({ memory_hash: name(64) }) },
  output: z.object({
    memory_hash: z.string(),
    text: z.string(),
    importance: z.number(),
    access_count: z.int(),
    timestamp: z.number().describe('Unix seconds.'),
    tier: z.string(),
    episode: z.int(),
    turn: z.int(),
  }),
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$session', memory_hash: '$hash' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const session = await readSession(context, path.id);
    const memory = session.memories.find(({ hash }) => hash === path.memory_hash);
    if (!memory) throw new AppError('NOT_FOUND', 'Memory not found in this session');
    return {
      memory_hash: memory.hash,
      text: memory.text,
      importance: memory.importance,
      access_count: memory.access,
      timestamp: memory.at / 1_000,
      tier: memory.tier,
      episode: memory.episode,
      turn: memory.turn,
    };
  },
});
