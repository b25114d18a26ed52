/** Import: an exported session read back, with nothing taken on trust. */
import { norm } from '../../../workers/vector.ts';
import { decodeVector } from './base64.ts';
import { checksumOf } from './canonical.ts';
import { fingerprintOf } from './dedup.ts';
import { type Memory, type SessionContext, TIERS } from './model.ts';
import { type StateDict, stateDict } from './state-dict.ts';

export type Imported =
  | { readonly ok: true; readonly state: SessionContext }
  /** `message` says what is wrong, for a 400. */
  | { readonly ok: false; readonly message: string };

/** Leaves {@link importState}; a list of vectors is decoded in one expression and may fail anywhere in it. */
class Refused extends Error {}

const refuse = (message: string): never => {
  throw new Refused(message);
};

/** Float32 keeps 24 bits: a unit vector of 65,536 of them is off by far less. */
const UNIT_TOLERANCE = 1e-3;

function requireUnit<V extends Float32Array | Float64Array>(vector: V, what: string): V {
  const length = norm(vector);
  const fits = length === 0 || Math.abs(length - 1) <= UNIT_TOLERANCE;
  return fits ? vector : refuse(`${what} has length ${length}, wanted 1 or all zeros`);
}

function readVector(text: string, dimension: number, what: string): Float32Array {
  const vector = decodeVector(text, dimension) ?? refuse(`${what} is not base64 of ${dimension} float32 numbers`);
  return requireUnit(vector, what);
}

function readState(numbers: readonly number[], dimension: number, what: string): Float64Array {
  if (numbers.length !== dimension) refuse(`${what} has ${numbers.length} numbers, wanted ${dimension}`);
  return requireUnit(Float64Array.from(numbers), what);
}

/** What the types of single fields cannot say. */
function checkWhole(dict: StateDict): void {
  const { memories, config, entities, histories, pending } = dict;
  let last = 0;
  for (const { seq } of memories) {
    if (seq <= last || seq >= dict.next_seq) refuse(`memory ${seq} is out of order`);
    last = seq;
  }
  if (new Set(memories.map((memory) => memory.hash)).size !== memories.length) refuse('two memories share a hash');
  for (const tier of TIERS) {
    const held = memories.filter((memory) => memory.tier === tier).length;
    if (held > config.memory[tier]) refuse(`${tier} holds ${held} memories, its capacity is ${config.memory[tier]}`);
  }
  if (memories.some(({ turn, used }) => turn > dict.turns || used > dict.turns))
    refuse('a memory is from a later turn');
  const lengths = new Set(Object.values(histories).map((history) => history.length));
  if (lengths.size !== 1 || histories.beta.length > dict.turns) refuse('the histories do not belong together');
  if (new Set(entities.map((entity) => entity.key)).size !== entities.length) refuse('two entities share a key');
  last = 0;
  for (const { seq, key } of entities) {
    if (seq <= last || seq >= dict.next_entity_seq) refuse(`entity "${key}" is out of order`);
    last = seq;
  }
  if (pending !== null && pending.id >= dict.next_pending) refuse('the pending message has an id not yet given out');
}

function decode(dict: StateDict): SessionContext {
  checkWhole(dict);
  const { dimension } = dict.config;
  const read = (text: string, what: string) => readVector(text, dimension, what);
  const state = readState(dict.state, dimension, 'state');
  const { suspicion } = dict.drift_state;
  return {
    id: dict.session_id,
    config: dict.config,
    state,
    initialised: norm(state) > 0,
    turns: dict.turns,
    memories: dict.memories.map(
      (memory): Memory => ({
        ...memory,
        fingerprint: fingerprintOf(memory.text),
        embedding: read(memory.embedding, `memory ${memory.seq}`),
      }),
    ),
    nextSeq: dict.next_seq,
    metrics: dict.metrics,
    histories: dict.histories,
    drift: dict.drift,
    driftState: {
      ...dict.drift_state,
      recent: dict.drift_state.recent.map((vector, i) => read(vector, `drift_state.recent ${i}`)),
      suspicion:
        suspicion === null
          ? null
          : {
              message: read(suspicion.message, 'drift_state.suspicion.message'),
              context: suspicion.context.map((vector, i) => read(vector, `drift_state.suspicion.context ${i}`)),
              normal: suspicion.normal,
            },
    },
    pending: dict.pending === null ? null : { ...dict.pending, embedding: read(dict.pending.embedding, 'pending') },
    nextPending: dict.next_pending,
    triggers: dict.triggers.map(({ keyword, embedding, threshold, weight }, i) => {
      if (keyword === null && embedding === null) refuse(`trigger ${i} has neither keyword nor embedding`);
      return {
        ...(keyword === null ? {} : { keyword }),
        ...(embedding === null ? {} : { embedding: read(embedding, `trigger ${i}`) }),
        threshold,
        weight,
      };
    }),
    anchors: dict.anchors.map((anchor, i) => read(anchor, `anchor ${i}`)),
    realignmentRemaining: dict.realignment_remaining,
    policies: dict.policies.map((policy, i) => ({ ...policy, embedding: read(policy.embedding, `policy ${i}`) })),
    isolation: {
      level: dict.isolation.level,
      exclusions: dict.isolation.exclusions.map((vector, i) => read(vector, `exclusion ${i}`)),
      allowlist: dict.isolation.allowlist.map((vector, i) => read(vector, `allowlist ${i}`)),
      threshold: dict.isolation.threshold,
    },
    quarantine: dict.quarantine.map(({ pending_id, embedding, ...entry }, i) => ({
      ...entry,
      embedding: read(embedding, `quarantine ${i}`),
      pendingId: pending_id,
    })),
    entities: dict.entities,
    nextEntitySeq: dict.next_entity_seq,
    episode: dict.episode,
    episodeLabel: dict.episode_label,
    lastAt: dict.last_at,
    createdAt: dict.created_at,
    cluster: null,
    user: null,
    outcome: null,
  };
}

/**
 * Reads what `exportState` wrote. Never throws, whatever it is given: shape first, then the checksum, then the vectors
 * and what must hold between fields. The result has the id of the session it came from; the `import` command keeps the
 * id of the session it goes to.
 *
 * @param value parsed JSON from anywhere
 */
export function importState(value: unknown): Imported {
  const parsed = stateDict.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { ok: false, message: `state_dict.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}` };
  }
  const found = checksumOf(parsed.data);
  if (found !== parsed.data.checksum) {
    return { ok: false, message: `state_dict.checksum is ${parsed.data.checksum}, the content gives ${found}` };
  }
  try {
    return { ok: true, state: decode(parsed.data) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, message: `state_dict: ${error.message}` };
    throw error;
  }
}
