/** A session as a document: export, import, and whether two sessions behave alike. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import { exportState } from '../../../actors/kinds/session/export.ts';
import { importState } from '../../../actors/kinds/session/import.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import { cosine as cosineOf } from '../../../workers/vector.ts';
import { operation } from '../operation.ts';
import { id, MAX_VECTORS_BYTES, sessionPath, vector } from '../schemas.ts';
import { readSession, tellSession, toVector } from './access.ts';

/** A full session of 5,000 memories per tier still fits. */
const MAX_STATE_BYTES = 128 * 2 ** 20;

const stateDict = z.record(z.string(), z.unknown()).describe('What export returned, unchanged.');

export const exportSession = operation({
  name: 'session.export',
  dialect: 'cortex',
  summary: 'Export a session with its checksum',
  http: { method: 'GET', path: '/v1/session/{id}/export', status: 200 },
  input: { path: sessionPath },
  output: z.object({ session_id: z.string(), state_dict: stateDict, checksum: z.string().describe('SHA-256, hex.') }),
  access: 'tenant',
  mutates: false,
  heavy: true,
  example: { path: { id: '$session' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const dict = exportState(await readSession(context, path.id));
    return { session_id: path.id, state_dict: dict, checksum: dict.checksum };
  },
});

export const importSession = operation({
  name: 'session.import',
  dialect: 'cortex',
  summary: 'Restore a session from an export',
  description: 'All or nothing: a document that was changed is refused and the session stays as it is.',
  http: { method: 'POST', path: '/v1/session/{id}/import', status: 200, maxBodyBytes: MAX_STATE_BYTES },
  input: { path: sessionPath, body: z.object({ state_dict: stateDict, checksum: z.string().optional() }) },
  output: z.object({ session_id: z.string(), imported: z.boolean() }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  errors: [400],
  example: { path: { id: '$session' }, body: { state_dict: '$state' } },
  owned: ['path.id'],
  run: async (context, { path, body }) => {
    const { config } = await readSession(context, path.id);
    const imported = importState(body.state_dict);
    if (!imported.ok) throw new AppError('MALFORMED', imported.message);
    const { state } = imported;
    if (body.checksum !== undefined && body.checksum !== body.state_dict.checksum) {
      throw new AppError('MALFORMED', 'checksum does not match the one inside state_dict');
    }
    if (state.config.embedder !== config.embedder) {
      const found = `state_dict holds vectors of embedder "${state.config.embedder}"`;
      throw new AppError('MALFORMED', `${found}, this session holds those of "${config.embedder}"`);
    }
    await tellSession(context, path.id, { type: 'import', state });
    return { session_id: path.id, imported: true };
  },
});

export const verifySession = operation({
  name: 'session.verify',
  dialect: 'cortex',
  summary: 'Check that a session behaves like its copy',
  description:
    'Consistent when all probes have the same cosine to both states. Without a reference: to its own export.',
  http: { method: 'POST', path: '/v1/session/{id}/verify', status: 200, maxBodyBytes: MAX_VECTORS_BYTES },
  input: {
    path: sessionPath,
    body: z.object({
      test_embeddings: z.array(vector).max(1_000),
      reference_session_id: id.nullish(),
      tolerance: z.number().min(0).max(2).default(1e-3),
    }),
  },
  output: z.object({ session_id: z.string(), consistent: z.boolean(), max_difference: z.number() }),
  access: 'tenant',
  mutates: false,
  heavy: true,
  example: { path: { id: '$session' }, body: { test_embeddings: ['$vector'] } },
  owned: ['path.id', 'body.reference_session_id'],
  run: async (context, { path, body }) => {
    const session = await readSession(context, path.id);
    const other =
      body.reference_session_id == null ? copyOf(session) : await readSession(context, body.reference_session_id);
    const comparable = other !== null && session.config.dimension === other.config.dimension;
    let worst = comparable ? 0 : 2;
    if (comparable) {
      body.test_embeddings.forEach((values, i) => {
        const probe = toVector(values, session.config.dimension, 'test_embeddings', i);
        worst = Math.max(worst, Math.abs(cosineOf(session.state, probe) - cosineOf(other.state, probe)));
      });
    }
    return { session_id: path.id, consistent: worst <= body.tolerance, max_difference: worst };
  },
});

/** @returns null when the session's own export would not be taken back, so that nothing could behave like it */
function copyOf(session: SessionContext): SessionContext | null {
  const copy = importState(JSON.parse(JSON.stringify(exportState(session))));
  return copy.ok ? copy.state : null;
}
