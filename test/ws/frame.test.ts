import { describe, expect, it } from 'vitest';
import { textFrame } from '../../src/ws/frame.ts';

describe('a text frame', () => {
  // RFC 6455, section 5.2: FIN and opcode 1, then the length in one byte, in 126 and two, or in 127 and eight.
  it.each([
    [0, [0x81, 0]],
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 0xff, 0xff]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('of %i bytes says so in its header', (length, header) => {
    const frame = textFrame('x'.repeat(length));
    expect([...frame.subarray(0, header.length)]).toEqual(header);
    expect(frame.subarray(header.length).toString()).toBe('x'.repeat(length));
  });

  it('counts bytes, not characters', () => {
    // € is three bytes of UTF-8: 42 of them are 126.
    expect([...textFrame('€'.repeat(42)).subarray(0, 4)]).toEqual([0x81, 126, 0, 126]);
    expect(textFrame('€'.repeat(42)).subarray(4).toString()).toBe('€'.repeat(42));
  });
});
