/**
 * A vector on its way from one agent to another, with the bit pattern of every number beside the number itself: whoever
 * receives it can prove that no printing, parsing or rounding on the way changed a bit. Pure.
 */
import { AppError } from '../../actors/errors.ts';

/** What the vector is, and so what it does to who receives it. */
export const TRANSFER_TYPES = [
  'FULL_STATE',
  'PARTIAL_STATE',
  'SEMANTIC_DELTA',
  'MEMORY_FRAGMENT',
  'COHERENCE_FIELD',
] as const;
export type TransferType = (typeof TRANSFER_TYPES)[number];

/** Most numbers in one packet: the largest dimension of a session. */
export const MAX_PACKET_NUMBERS = 65_536;

/** Hex digits of one float64. */
const DIGITS = 16;

/** The packet on the wire. */
export interface PacketJson {
  readonly packet_id: string;
  readonly source_instance: string;
  readonly target_instance: string;
  readonly transfer_type: TransferType;
  /** As a reader should see them. */
  readonly state_vector: readonly number[];
  /** IEEE 754 binary64 of each number, in order: sign bit first, 16 lower-case hex digits each. Absent: not verified. */
  readonly bit_pattern?: string;
}

/** @returns 16 hex digits a number, most significant first */
export function bitsOf(vector: readonly number[] | Float32Array | Float64Array): string {
  const bytes = Buffer.alloc(vector.length * 8);
  for (let i = 0; i < vector.length; i++) bytes.writeDoubleBE(vector[i]!, i * 8);
  return bytes.toString('hex');
}

/** JSON prints −0 as 0, which is another bit pattern; `-0` is valid JSON and reads back as what it is. */
const printed = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** Where two patterns first differ, as the index of a number; -1 when nowhere. */
function firstDifference(a: string, b: string): number {
  for (let i = 0; i < a.length; i += DIGITS) if (a.slice(i, i + DIGITS) !== b.slice(i, i + DIGITS)) return i / DIGITS;
  return -1;
}

export class StateVectorPacket {
  readonly packetId: string;
  readonly source: string;
  readonly target: string;
  readonly type: TransferType;
  readonly vector: Float64Array;
  /** The pattern that came with the vector; a packet made here carries that of its own vector. Null: none came. */
  readonly bits: string | null;

  /**
   * @param given.vector finite numbers; float32 widens to float64 without loss
   * @param given.bits default: taken from the vector; null: none came along
   * @throws AppError MALFORMED for a number that is not finite, an unknown type, or a length there cannot be
   */
  constructor(given: {
    readonly packetId: string;
    readonly source: string;
    readonly target: string;
    readonly type: TransferType;
    readonly vector: readonly number[] | Float32Array | Float64Array;
    readonly bits?: string | null;
  }) {
    const { vector, type } = given;
    if (!TRANSFER_TYPES.includes(type)) {
      throw new AppError('MALFORMED', `transfer type "${type}" is none of ${TRANSFER_TYPES.join(', ')}`);
    }
    if (vector.length === 0 || vector.length > MAX_PACKET_NUMBERS) {
      throw new AppError(
        'MALFORMED',
        `the state vector has ${vector.length} numbers, 1 to ${MAX_PACKET_NUMBERS} wanted`,
      );
    }
    const odd = vector.findIndex((value) => !Number.isFinite(value));
    if (odd !== -1)
      throw new AppError('MALFORMED', `state_vector[${odd}] is ${vector[odd]}, finite numbers are wanted`);
    this.packetId = given.packetId;
    this.source = given.source;
    this.target = given.target;
    this.type = type;
    this.vector = Float64Array.from(vector);
    this.bits = given.bits === undefined ? bitsOf(this.vector) : given.bits;
  }

  /** Whether a bit pattern came along and is that of the numbers, bit for bit. */
  get verified(): boolean {
    return this.bits !== null && this.bits === bitsOf(this.vector);
  }

  /**
   * @throws AppError MALFORMED when the bit pattern that came along is not that of the numbers; without one there is
   * nothing to hold them against
   */
  verifyIntegrity(): void {
    if (this.bits === null || this.verified) return;
    const wanted = this.vector.length * DIGITS;
    if (this.bits.length !== wanted) {
      throw new AppError('MALFORMED', `bit_pattern has ${this.bits.length} hex digits, the numbers have ${wanted}`);
    }
    const own = bitsOf(this.vector);
    const at = firstDifference(own, this.bits);
    const [found, carried] = [own, this.bits].map((bits) => bits.slice(at * DIGITS, (at + 1) * DIGITS));
    throw new AppError('MALFORMED', `state_vector[${at}] has the bits ${found}, bit_pattern says ${carried}`);
  }

  /** JSON text that reads back to the same bits, negative zeros included. */
  serialize(): string {
    const { packetId, source, target, type, vector, bits } = this;
    const head = { packet_id: packetId, source_instance: source, target_instance: target, transfer_type: type };
    const numbers = Array.from(vector, printed).join(',');
    const tail = bits === null ? '' : `,"bit_pattern":${JSON.stringify(bits)}`;
    return `${JSON.stringify(head).slice(0, -1)},"state_vector":[${numbers}]${tail}}`;
  }

  /**
   * Reads a packet and checks it.
   *
   * @param packet JSON text, or what it was parsed to
   * @throws AppError MALFORMED for what is no packet, and for one whose bits do not match its numbers
   */
  static deserialize(packet: string | PacketJson): StateVectorPacket {
    const json = typeof packet === 'string' ? parse(packet) : packet;
    const { packet_id, source_instance, target_instance, transfer_type, state_vector, bit_pattern } = json;
    for (const [name, value] of Object.entries({ packet_id, source_instance, target_instance })) {
      if (typeof value !== 'string') throw new AppError('MALFORMED', `${name} is no text`);
    }
    if (!Array.isArray(state_vector)) throw new AppError('MALFORMED', 'state_vector is no list of numbers');
    if (bit_pattern !== undefined && typeof bit_pattern !== 'string') {
      throw new AppError('MALFORMED', 'bit_pattern is no text');
    }
    const read = new StateVectorPacket({
      packetId: packet_id,
      source: source_instance,
      target: target_instance,
      type: transfer_type,
      vector: state_vector,
      bits: bit_pattern?.toLowerCase() ?? null,
    });
    read.verifyIntegrity();
    return read;
  }
}

function parse(text: string): PacketJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('MALFORMED', 'the packet is no JSON', { cause });
  }
  if (typeof value !== 'object' || value === null) throw new AppError('MALFORMED', 'the packet is no JSON object');
  return value as PacketJson;
}
