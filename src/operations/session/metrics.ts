/** `GET /v1/metrics/{id}`: everything a session measures of itself. */
import { z } from 'zod';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import { operation } from '../operation.ts';
import { sessionPath, turnMetrics } from '../schemas.ts';
import { readSession } from './access.ts';

/** The metrics object of run and store. */
export function metricsOf(session: SessionContext): z.input<typeof turnMetrics> {
  return { ...session.metrics, interaction_count: session.turns, total_memories: session.memories.length };
}

const history = z.array(z.number()).describe('Newest last, at most 256.');

export const sessionMetrics = operation({
  name: 'session.metrics',
  dialect: 'cortex',
  summary: 'Metrics and histories of a session',
  http: { method: 'GET', path: '/v1/metrics/{id}', status: 200 },
  input: { path: sessionPath },
  output: turnMetrics.extend({
    session_id: z.string(),
    drift_score: z.number(),
    drift_phase: z.string(),
    tiers: z.object({ short_term: z.int(), medium_term: z.int(), long_term: z.int() }),
    episode: z.int(),
    beta_history: history,
    similarity_history: history,
    fsm_history: history,
    norm_history: history,
    phase_history: z.array(z.string()),
  }),
  access: 'tenant',
  mutates: false,
  example: { path: { id: '$session' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const session = await readSession(context, path.id);
    const tiers = { short_term: 0, medium_term: 0, long_term: 0 };
    for (const memory of session.memories) tiers[memory.tier]++;
    const { histories, drift } = session;
    return {
      session_id: path.id,
      ...metricsOf(session),
      drift_score: drift.score,
      drift_phase: drift.phase,
      tiers,
      episode: session.episode,
      beta_history: histories.beta,
      similarity_history: histories.similarity,
      fsm_history: histories.fsm,
      norm_history: histories.norm,
      phase_history: histories.phase,
    };
  },
});
