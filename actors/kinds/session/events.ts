/** The commands of a session as they come in: the shape of each event beside `type`, checked before it is handled. */
import { z } from 'zod';
import { ENTITY_KINDS, ISOLATION_LEVELS, type SessionContext, TIERS } from './model.ts';

/** Characters of one message or answer; the wire allows 64 KiB. */
const MAX_TEXT = 65_536;

const text = z.string().min(1).max(MAX_TEXT);
const vector = z.custom<Float32Array>((value) => value instanceof Float32Array, 'is no Float32Array');
const cosine = z.number().min(-1).max(1);
const key = z.string().min(1).max(1_000);
/** Unix ms, as the client says; null when it does not. */
const timestamp = z.number().nullable();
/** The client's name for the conversation; null when it does not say. */
const episode = z.string().min(1).max(200).nullable();
/** Unix ms, put on by the runtime. */
const at = z.number();

/** Memories of their own beside the chunk, for a long answer. */
const extra = z
  .array(z.object({ text, embedding: vector }))
  .max(256)
  .optional();

export const schemas = {
  run: z.object({
    at,
    message: text,
    /** Of the message. */
    embedding: vector,
    /** Hashes of the memories the operation returns for this message: each counts as recalled. */
    recalled: z.array(z.string().max(64)).max(1_000),
    /** The answer to the message before, stored first; `pendingId` names that message, null when there was none. */
    response: z
      .object({
        text,
        /** Of the chunk `Q: … A: …`. */
        embedding: vector,
        pendingId: z.int().nullable(),
        extra,
      })
      .nullable(),
    /** Forgets memories, state and phase first; then `response.pendingId` is null. */
    reset: z.boolean(),
    timestamp,
    episode,
  }),
  store: z.object({
    at,
    response: text,
    /** Of the chunk: `Q: <message> A: <response>`, or the answer alone. */
    embedding: vector,
    /** The pending message the chunk was embedded with; ignored when `message` is given. */
    pendingId: z.int().nullable(),
    /** Question and answer in one call; the pending message, if any, goes on waiting. */
    message: text.nullable(),
    /** Of `message`; null when `message` is. */
    messageEmbedding: vector.nullable(),
    timestamp,
    episode,
    extra,
  }),
  'trigger.add': z.object({
    at,
    trigger: z.object({
      keyword: z.string().min(1).max(200).optional(),
      embedding: vector.optional(),
      threshold: cosine,
      weight: z.number().min(0).max(100),
    }),
  }),
  'trigger.clear': z.object({ at }),
  'anchor.add': z.object({ at, embedding: vector }),
  isolate: z.object({
    at,
    level: z.enum(ISOLATION_LEVELS),
    exclusions: z.array(vector),
    allowlist: z.array(vector),
    threshold: cosine,
  }),
  release: z.object({ at }),
  'memory.inject': z.object({
    at,
    embedding: vector,
    text,
    tier: z.enum(TIERS),
    importance: z.number().min(0).max(100),
    access: z.int().min(0),
  }),
  'entity.put': z.object({
    at,
    key,
    kind: z.enum(ENTITY_KINDS),
    value: z.string().max(MAX_TEXT),
    context: z.string().max(MAX_TEXT).nullable(),
    importance: z.number().min(0).max(100),
  }),
  'entity.remove': z.object({ at, key }),
  'entity.touch': z.object({ at, keys: z.array(key).max(1_000) }),
  /** `state` is what `importState` returned: it has been checked there. */
  import: z.object({ at, state: z.custom<SessionContext>((value) => typeof value === 'object' && value !== null) }),
  'vector.set': z.object({
    at,
    state: z.custom<Float64Array>((value) => value instanceof Float64Array, 'is no Float64Array'),
  }),
  /** A part of another direction, as a cluster's feedback or a transfer brings it: unit((1 − share)·own + share·other). */
  'vector.blend': z.object({
    at,
    vector: z.custom<Float32Array | Float64Array>(
      (value) => value instanceof Float64Array || value instanceof Float32Array,
      'is no Float64Array or Float32Array',
    ),
    share: z.number().min(0).max(1),
    /** A session without a direction takes this one over, instead of staying as it is. */
    initialise: z.boolean().optional(),
  }),
  'cluster.join': z.object({ at, cluster: key }),
  'cluster.leave': z.object({ at, cluster: key }),
} as const;

export type CommandName = keyof typeof schemas;

/** The payload of a command, `at` included. */
export type Payload<N extends CommandName> = z.output<(typeof schemas)[N]>;

/** The event of a command. */
export type CommandEvent<N extends CommandName> = { readonly type: N } & Payload<N>;

export type SessionEvent = { [N in CommandName]: CommandEvent<N> }[CommandName];
