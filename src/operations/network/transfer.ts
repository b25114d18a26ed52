/** `POST /v1/network/transfer`: what one agent is about, brought to another. Both published spellings. */
import { z } from 'zod';
import { AppError } from '../../../actors/errors.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import { norm, unit } from '../../../workers/vector.ts';
import { influenceOf } from '../../network/influence.ts';
import { MAX_PACKET_NUMBERS, StateVectorPacket, TRANSFER_TYPES } from '../../network/state-vector-packet.ts';
import { type Context, operation } from '../operation.ts';
import { id, MAX_VECTOR_BYTES, maybe, name, text } from '../schemas.ts';
import { readSession, tellSession } from '../session/access.ts';

const MAX_WEIGHT = 0.15;

const body = z
  .object({
    source_session_id: maybe(id).describe('The session whose direction is transferred.'),
    target_session_id: maybe(id).describe('The session that receives it.'),
    max_weight: z
      .number()
      .min(0)
      .max(1)
      .default(MAX_WEIGHT)
      .describe('How far the target may move towards the source.'),
    source_instance: maybe(id).describe(
      'Who sends a state_vector: any name, as it may live elsewhere. Without a state_vector: a session of yours.',
    ),
    target_instance: maybe(id).describe('Same as target_session_id.'),
    transfer_type: maybe(z.enum(TRANSFER_TYPES)).describe('What the vector is. Default: SEMANTIC_DELTA.'),
    state_vector: maybe(z.array(z.number()).min(1).max(MAX_PACKET_NUMBERS)).describe(
      'Finite numbers, as many as the target has dimensions.',
    ),
    bit_pattern: maybe(z.string().regex(/^(?:[0-9a-fA-F]{16})+$/)).describe(
      'IEEE 754 binary64 of each number of state_vector, 16 hex digits each, sign first.',
    ),
    packet_id: maybe(name(200)),
    text: maybe(text).describe('What a MEMORY_FRAGMENT says.'),
  })
  .refine((it) => (it.target_session_id ?? it.target_instance) !== undefined, {
    path: ['target_session_id'],
    message: 'Field required',
  })
  .refine((it) => (it.source_session_id ?? it.source_instance) !== undefined, {
    path: ['source_session_id'],
    message: 'Field required',
  });

type Body = z.output<typeof body>;

const output = z.object({
  packet_id: z.string(),
  source_session_id: z.string(),
  target_session_id: z.string(),
  transfer_type: z.enum(TRANSFER_TYPES),
  verified: z.boolean().describe('The bit pattern was compared and is that of the numbers. False: none came along.'),
  delta_norm: z
    .number()
    .describe(
      'Before any weight: length of a SEMANTIC_DELTA, else distance of the two directions, 0 to 2. 0 when there was no ' +
        'direction to compare.',
    ),
  updated: z.boolean().describe('Whether the target changed.'),
  memory_hash: z.string().nullable().describe('Of a MEMORY_FRAGMENT.'),
});

export const transfer = operation({
  name: 'network.transfer',
  dialect: 'cortex',
  summary: 'Transfer what one agent is about to another',
  description:
    'Between two sessions: the target moves max_weight of the way to the source. With a state_vector: FULL_STATE replaces ' +
    "the target's direction, PARTIAL_STATE moves it max_weight of the way, SEMANTIC_DELTA is added to it times max_weight, " +
    'COHERENCE_FIELD (the mean of many unit vectors) moves it max_weight times its own length, MEMORY_FRAGMENT becomes a ' +
    'memory. A vector whose bits are not those of bit_pattern is refused and changes nothing.',
  http: {
    method: 'POST',
    path: '/v1/network/transfer',
    aliases: ['/v1/network/peer-transfer'],
    status: 200,
    maxBodyBytes: MAX_VECTOR_BYTES,
  },
  input: { body },
  output,
  access: 'tenant',
  mutates: true,
  errors: [400, 409],
  example: { body: { source_session_id: '$session', target_session_id: '$session', max_weight: 0.15 } },
  owned: ['body.source_session_id', 'body.target_session_id', 'body.target_instance'],
  run: async (context, { body }) => {
    const source = await sourceOf(context, body);
    const target = await targetOf(context, body);
    if (body.state_vector === undefined) return await betweenSessions(context, body, source!, target);
    return await received(context, body, target);
  },
});

/** The session that speaks for itself; undefined when a vector speaks for somebody who may live elsewhere. */
async function sourceOf(context: Context, body: Body): Promise<SessionContext | undefined> {
  const named = body.source_session_id ?? (body.state_vector === undefined ? body.source_instance : undefined);
  return named === undefined ? undefined : await readSession(context, named);
}

async function targetOf(context: Context, body: Body): Promise<SessionContext> {
  const { target_session_id, target_instance } = body;
  const target = await readSession(context, (target_session_id ?? target_instance)!);
  if (target_session_id !== undefined && target_instance !== undefined && target_instance !== target_session_id) {
    await readSession(context, target_instance);
    throw new AppError('INVALID', 'target_session_id and target_instance name two sessions');
  }
  return target;
}

/** A session's own state, as a packet would carry it. */
async function betweenSessions(
  context: Context,
  body: Body,
  source: SessionContext,
  target: SessionContext,
): Promise<z.output<typeof output>> {
  if (source.config.embedder !== target.config.embedder) {
    const vectors = `"${source.config.embedder}" and "${target.config.embedder}"`;
    throw new AppError('CONFLICT', `the sessions hold vectors of different embedders, ${vectors}`);
  }
  const type = body.transfer_type ?? 'SEMANTIC_DELTA';
  const packet = new StateVectorPacket({
    packetId: body.packet_id ?? context.caller.newId(),
    source: source.id,
    target: target.id,
    type,
    vector: source.state,
  });
  // A state is a place and not a difference: sent whole as a delta, it moves the target by its difference to it.
  const move = type === 'SEMANTIC_DELTA' ? { share: body.max_weight, initialise: false } : undefined;
  return await apply(context, body, packet, target, move);
}

async function received(context: Context, body: Body, target: SessionContext): Promise<z.output<typeof output>> {
  const packet = new StateVectorPacket({
    packetId: body.packet_id ?? context.caller.newId(),
    source: (body.source_instance ?? body.source_session_id)!,
    target: target.id,
    type: body.transfer_type ?? 'SEMANTIC_DELTA',
    vector: body.state_vector!,
    bits: body.bit_pattern?.toLowerCase() ?? null,
  });
  packet.verifyIntegrity();
  const { dimension } = target.config;
  if (packet.vector.length !== dimension) {
    const msg = `state_vector has ${packet.vector.length} numbers, ${dimension} wanted`;
    throw new AppError('INVALID', msg, { details: [{ loc: ['body', 'state_vector'], msg, type: 'value_error' }] });
  }
  if (!Number.isFinite(norm(packet.vector))) throw new AppError('INVALID', 'state_vector is too long to have a length');
  return await apply(context, body, packet, target);
}

async function apply(
  context: Context,
  body: Body,
  packet: StateVectorPacket,
  target: SessionContext,
  given?: { share: number; initialise: boolean },
): Promise<z.output<typeof output>> {
  const { type, vector } = packet;
  const move = given ?? influenceOf(type, vector, body.max_weight);
  const answer = {
    packet_id: packet.packetId,
    source_session_id: packet.source,
    target_session_id: target.id,
    transfer_type: type,
    verified: packet.verified,
    memory_hash: null,
  };
  if (move === 'memory') {
    const memory_hash = await remember(context, body, packet, target);
    return { ...answer, memory_hash, updated: true, delta_norm: distance(vector, target) };
  }
  // A blend with itself would move nothing but the last bits.
  if (packet.source === target.id && given) return { ...answer, updated: false, delta_norm: 0 };
  // The distance is measured in the turn that moves the target, so that it is the one the move began with.
  const event = { type: 'vector.blend' as const, vector, ...move };
  const { outcome } = await tellSession(context, target.id, event);
  const isDelta = type === 'SEMANTIC_DELTA' && given === undefined;
  return { ...answer, updated: outcome.updated, delta_norm: isDelta ? norm(vector) : (outcome.delta_norm ?? 0) };
}

async function remember(
  context: Context,
  body: Body,
  { vector, source }: StateVectorPacket,
  target: SessionContext,
): Promise<string> {
  const { outcome } = await tellSession(context, target.id, {
    type: 'memory.inject',
    embedding: Float32Array.from(unit(vector)),
    text: body.text ?? `(a memory fragment from ${source})`,
    tier: 'short_term',
    importance: 0.5,
    access: 0,
  });
  return outcome.memory_hash;
}

function distance(vector: Float64Array, { state, initialised }: SessionContext): number {
  if (!initialised || norm(vector) === 0) return 0;
  const [a, b] = [unit(vector), unit(state)];
  return norm(a.map((x, i) => x - b[i]!));
}
