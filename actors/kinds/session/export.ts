/** Export: a session as plain JSON data with a checksum. */
import { encodeVector } from './base64.ts';
import { checksumOf } from './canonical.ts';
import type { SessionContext } from './model.ts';
import { SCHEMA_VERSION, type StateDict } from './state-dict.ts';

/**
 * Everything of a session that its next turn depends on, and its literal cache. Vectors are base64 of little-endian
 * float32, the state is a list of numbers, `checksum` is over the canonical JSON of the rest.
 *
 * @see importState for the way back, which is exact to the bit
 */
export function exportState(context: SessionContext): StateDict {
  const { driftState, pending, isolation } = context;
  const { suspicion } = driftState;
  const dict: Omit<StateDict, 'checksum'> = {
    schema_version: SCHEMA_VERSION,
    session_id: context.id,
    config: { ...context.config, memory: { ...context.config.memory } },
    state: [...context.state],
    turns: context.turns,
    // The fingerprint follows from the text and is made again on import.
    memories: context.memories.map(({ fingerprint: _derived, embedding, ...memory }) => ({
      ...memory,
      embedding: encodeVector(embedding),
    })),
    next_seq: context.nextSeq,
    metrics: { ...context.metrics },
    histories: {
      beta: [...context.histories.beta],
      similarity: [...context.histories.similarity],
      fsm: [...context.histories.fsm],
      norm: [...context.histories.norm],
      phase: [...context.histories.phase],
    },
    drift: { ...context.drift },
    drift_state: {
      similarities: [...driftState.similarities],
      scores: [...driftState.scores],
      openings: [...driftState.openings],
      asked: driftState.asked,
      recent: driftState.recent.map(encodeVector),
      suspicion:
        suspicion === null
          ? null
          : {
              message: encodeVector(suspicion.message),
              context: suspicion.context.map(encodeVector),
              normal: { ...suspicion.normal },
            },
    },
    pending: pending === null ? null : { ...pending, embedding: encodeVector(pending.embedding) },
    next_pending: context.nextPending,
    triggers: context.triggers.map(({ keyword, embedding, threshold, weight }) => ({
      keyword: keyword ?? null,
      embedding: embedding === undefined ? null : encodeVector(embedding),
      threshold,
      weight,
    })),
    anchors: context.anchors.map(encodeVector),
    realignment_remaining: context.realignmentRemaining,
    policies: context.policies.map((policy) => ({ ...policy, embedding: encodeVector(policy.embedding) })),
    isolation: {
      level: isolation.level,
      exclusions: isolation.exclusions.map(encodeVector),
      allowlist: isolation.allowlist.map(encodeVector),
      threshold: isolation.threshold,
    },
    quarantine: context.quarantine.map(({ embedding, pendingId, ...entry }) => ({
      ...entry,
      embedding: encodeVector(embedding),
      pending_id: pendingId,
    })),
    entities: context.entities.map((entity) => ({ ...entity })),
    next_entity_seq: context.nextEntitySeq,
    episode: context.episode,
    episode_label: context.episodeLabel,
    last_at: context.lastAt,
    created_at: context.createdAt,
  };
  return { ...dict, checksum: checksumOf(dict) };
}
