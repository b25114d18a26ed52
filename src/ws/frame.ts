/**
 * Text frames of a server, ready to be written to any number of connections.
 *
 * `ws.send` makes a frame anew for each connection. A server's frames are neither masked nor, without compression,
 * different from one connection to the next, so one Buffer serves all of them. It may be written straight to the
 * connection's socket: `ws` itself writes each of its frames whole, and in the same tick in which it is asked to.
 */

const TEXT = 0x81;
/** Payload lengths that a frame tells in one byte, and in two. */
const MAX_BYTE = 125;
const MAX_TWO_BYTES = 0xffff;

/** @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length <= MAX_BYTE ? 2 : length <= MAX_TWO_BYTES ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = TEXT;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header);
  return frame;
}
