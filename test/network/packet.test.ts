/** A vector with its bit patterns: exact to the bit through any honest channel, refused after any other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, type PacketJson, StateVectorPacket, TRANSFER_TYPES } from '../../src/network/state-vector-packet.ts';

const packet = (vector: readonly number[] | Float32Array, type: (typeof TRANSFER_TYPES)[number] = 'FULL_STATE') =>
  new StateVectorPacket({ packetId: 'p1', source: 'agent_a', target: 'agent_b', type, vector });

const json = (changes: Partial<Record<keyof PacketJson, unknown>>): PacketJson =>
  ({ ...JSON.parse(packet([1, -2]).serialize()), ...changes }) as PacketJson;

describe('a packet', () => {
  it('carries the bit patterns of IEEE 754, sign first', () => {
    // 1 = +1.0·2^0, exponent 1023 = 0x3ff; −2 has sign 1 and exponent 1024 = 0x400; 0.1 rounds up in its last digit.
    expect(bitsOf([1, -2, 0.1, 0, -0])).toBe(
      ['3ff0000000000000', 'c000000000000000', '3fb999999999999a', '0000000000000000', '8000000000000000'].join(''),
    );
    // Smallest subnormal, largest subnormal, smallest normal, largest number.
    expect(bitsOf([5e-324, 2.225073858507201e-308, 2.2250738585072014e-308, Number.MAX_VALUE])).toBe(
      ['0000000000000001', '000fffffffffffff', '0010000000000000', '7fefffffffffffff'].join(''),
    );
  });

  it.each(TRANSFER_TYPES)('of type %s comes back from its text with every bit', (type) => {
    const odd = [0.1, -0, 0, 5e-324, -2.225073858507201e-308, Number.MAX_VALUE, -Number.MAX_VALUE, 1 / 3, 1e21, 1e-7];
    const read = StateVectorPacket.deserialize(packet(odd, type).serialize());
    expect(read).toMatchObject({ packetId: 'p1', source: 'agent_a', target: 'agent_b', type, verified: true });
    expect([...read.vector].every((value, i) => Object.is(value, odd[i]))).toBe(true);
  });

  it('keeps the bits of any finite numbers', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(numbers, (vector) => {
        const text = packet(vector).serialize();
        expect(bitsOf(StateVectorPacket.deserialize(text).vector)).toBe(bitsOf(vector));
        expect(StateVectorPacket.deserialize(text).serialize()).toBe(text);
      }),
    );
  });

  it('finds any single flipped bit', () => {
    const vector = [0.5, -0.25, 3];
    const bits = Buffer.from(bitsOf(vector), 'hex');
    for (let bit = 0; bit < bits.length * 8; bit++) {
      const flipped = Buffer.from(bits);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const sent = { ...json({ state_vector: vector }), bit_pattern: flipped.toString('hex') };
      expect(() => StateVectorPacket.deserialize(sent)).toThrow(`state_vector[${bit >> 6}] has the bits`);
    }
  });

  it('tells a lost sign of zero, and a number that was rounded on the way', () => {
    const signed = packet([-0, 1]).serialize().replace('[-0,', '[0,');
    expect(() => StateVectorPacket.deserialize(signed)).toThrow(
      'state_vector[0] has the bits 0000000000000000, bit_pattern says 8000000000000000',
    );
    const rounded = packet([1 / 3])
      .serialize()
      .replace('0.3333333333333333', '0.333333333333333');
    expect(() => StateVectorPacket.deserialize(rounded)).toThrow('state_vector[0]');
  });

  it('is not verified without bits, and neither is it refused', () => {
    const { bit_pattern: _none, ...bare } = json({});
    const read = StateVectorPacket.deserialize(bare as PacketJson);
    expect(read.verified).toBe(false);
    expect(read.verifyIntegrity()).toBeUndefined();
    expect(JSON.parse(read.serialize())).toEqual(bare);
  });

  it('takes float32 vectors without loss', () => {
    const vector = Float32Array.of(0.1, -0.7);
    expect([...StateVectorPacket.deserialize(packet(vector).serialize()).vector]).toEqual([...vector]);
  });

  it('takes hex digits in either case', () => {
    const upper = json({ state_vector: [0.1], bit_pattern: '3FB999999999999A' });
    expect(StateVectorPacket.deserialize(upper).verified).toBe(true);
  });

  it.each([
    ['NaN', () => packet([1, Number.NaN]), 'state_vector[1] is NaN, finite numbers are wanted'],
    ['infinity', () => packet([Number.NEGATIVE_INFINITY]), 'state_vector[0] is -Infinity'],
    ['no numbers', () => packet([]), 'has 0 numbers, 1 to 65536 wanted'],
    ['too many', () => packet(new Float32Array(65_537)), 'has 65537 numbers'],
    ['an unknown type', () => packet([1], 'TELEPATHY' as never), 'transfer type "TELEPATHY" is none of'],
    ['no JSON', () => StateVectorPacket.deserialize('{'), 'the packet is no JSON'],
    ['null', () => StateVectorPacket.deserialize('null'), 'the packet is no JSON object'],
    ['no id', () => StateVectorPacket.deserialize(json({ packet_id: 7 })), 'packet_id is no text'],
    ['no list', () => StateVectorPacket.deserialize(json({ state_vector: 'x' })), 'state_vector is no list'],
    [
      'texts in the list',
      () => StateVectorPacket.deserialize(json({ state_vector: ['1', 2] })),
      'state_vector[0] is 1',
    ],
    ['bits that are no text', () => StateVectorPacket.deserialize(json({ bit_pattern: 1 })), 'bit_pattern is no text'],
    ['too few bits', () => StateVectorPacket.deserialize(json({ bit_pattern: '3ff0' })), 'has 4 hex digits'],
    ['other digits', () => StateVectorPacket.deserialize(json({ bit_pattern: 'z'.repeat(32) })), 'state_vector[0] has'],
  ])('with %s is refused by name', (_what, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'MALFORMED', message: expect.stringContaining(message) }));
  });
});
