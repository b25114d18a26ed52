/**
 * The wire shape of an exported session, strict: a key or a value that does not belong refuses the whole. It must be
 * bounded everywhere, because what it accepts is going to be decoded and kept.
 */
import { z } from 'zod';
import { MAX_ANCHORS, REALIGNMENT_TURNS } from './anchors.ts';
import { MAX_CAPACITY, MAX_DIMENSION, MAX_POLICIES } from './create.ts';
import { DRIFT_WINDOW, RECENT_TURNS, SUSPICION_VECTORS } from './drift.ts';
import { MAX_ENTITIES } from './entities.ts';
import { MAX_ISOLATION_VECTORS, QUARANTINE_CAPACITY } from './isolation.ts';
import { ENTITY_KINDS, HISTORY_LENGTH, ISOLATION_LEVELS, TIERS } from './model.ts';
import { MAX_TRIGGERS } from './triggers.ts';

export const SCHEMA_VERSION = 1;

const PHASES = ['initialization', 'exploration', 'convergence', 'resonance', 'stability', 'instability'] as const;

/** Little-endian float32 numbers in base64. */
const vector = z.string().max(Math.ceil((MAX_DIMENSION * 4) / 3) * 4);
const text = z.string().max(262_144);
const number = z.number();
/** Far above what a session can count to, far below where adding one stops working (2^53). */
const MAX_COUNT = 2 ** 48;

const count = z.int().min(0).max(MAX_COUNT);
const sequence = z.int().min(1).max(MAX_COUNT);
const share = z.number().min(0).max(1);
const cosine = z.number().min(-1).max(1);
const length = z.number().min(0).max(1.2);
const phase = z.enum(PHASES);
const label = z.string().max(200).nullable();
const stateVector = z.array(number).max(MAX_DIMENSION);
const history = <T extends z.ZodType>(item: T) => z.array(item).max(HISTORY_LENGTH);
const capacity = z.int().min(1).max(MAX_CAPACITY);

const memory = z.strictObject({
  hash: z.string().regex(/^[0-9a-f]{32}$/),
  seq: sequence,
  text,
  embedding: vector,
  importance: z.number().min(0),
  access: count,
  turn: count,
  used: count,
  at: number,
  episode: count,
  tier: z.enum(TIERS),
});

export const stateDict = z.strictObject({
  schema_version: z.literal(SCHEMA_VERSION),
  session_id: z.string().max(1_000),
  config: z.strictObject({
    dimension: z.int().min(1).max(MAX_DIMENSION),
    embedder: z.string().max(1_000),
    model_name: z.string().max(1_000),
    use_attention: z.boolean(),
    use_cache: z.boolean(),
    use_cortex: z.boolean(),
    enable_topic_switch: z.boolean(),
    memory: z.strictObject({ short_term: capacity, medium_term: capacity, long_term: capacity }),
  }),
  state: stateVector,
  turns: count,
  memories: z.array(memory).max(MAX_CAPACITY * TIERS.length),
  next_seq: sequence,
  metrics: z.strictObject({
    similarity: cosine,
    beta: share,
    pattern_strength: z.number().min(0).max(1.5),
    norm: length,
    fsm: share,
    phase,
    topic_switch: share,
    novelty_score: share,
  }),
  histories: z.strictObject({
    beta: history(share),
    similarity: history(cosine),
    fsm: history(share),
    norm: history(length),
    phase: history(phase),
  }),
  drift: z.strictObject({
    score: share,
    detected: z.boolean(),
    confirmed: z.boolean(),
    phase: z.enum(['stable', 'shifting', 'drifted']),
  }),
  drift_state: z.strictObject({
    similarities: z.array(cosine).max(DRIFT_WINDOW),
    scores: z.array(share).max(DRIFT_WINDOW),
    openings: z.array(z.boolean()).max(DRIFT_WINDOW),
    asked: z.boolean(),
    recent: z.array(vector).max(RECENT_TURNS),
    suspicion: z
      .strictObject({
        message: vector,
        context: z.array(vector).max(SUSPICION_VECTORS),
        // A spread is never below what its prior gives, 0.069 after eight messages.
        normal: z.strictObject({ mean: cosine, spread: z.number().min(0.01).max(2) }),
      })
      .nullable(),
  }),
  pending: z
    .strictObject({
      id: sequence,
      message: text,
      embedding: vector,
      at: number,
      stated: z.boolean(),
      admitted: z.boolean(),
      drift: share,
    })
    .nullable(),
  next_pending: sequence,
  triggers: z
    .array(
      z.strictObject({
        keyword: z.string().min(1).max(200).nullable(),
        embedding: vector.nullable(),
        threshold: cosine,
        weight: z.number().min(0).max(100),
      }),
    )
    .max(MAX_TRIGGERS),
  anchors: z.array(vector).max(MAX_ANCHORS),
  realignment_remaining: z.int().min(0).max(REALIGNMENT_TURNS),
  policies: z
    .array(z.strictObject({ embedding: vector, weight: z.number().min(0.01).max(100), promote: z.boolean() }))
    .max(MAX_POLICIES),
  isolation: z.strictObject({
    level: z.enum(ISOLATION_LEVELS),
    exclusions: z.array(vector).max(MAX_ISOLATION_VECTORS),
    allowlist: z.array(vector).max(MAX_ISOLATION_VECTORS),
    threshold: cosine,
  }),
  quarantine: z
    .array(z.strictObject({ text, embedding: vector, at: number, episode: label, pending_id: sequence.nullable() }))
    .max(QUARANTINE_CAPACITY),
  entities: z
    .array(
      z.strictObject({
        key: z.string().min(1).max(1_000),
        kind: z.enum(ENTITY_KINDS),
        value: text,
        context: text.nullable(),
        importance: z.number().min(0).max(100),
        access: count,
        seq: sequence,
      }),
    )
    .max(MAX_ENTITIES),
  next_entity_seq: sequence,
  episode: count,
  episode_label: label,
  last_at: number.nullable(),
  created_at: number,
  checksum: z.string().regex(/^[0-9a-f]{64}$/),
});

export type StateDict = z.output<typeof stateDict>;
