/**
 * A WebAssembly assembler of one page: what the row kernels need, and nothing else.
 *
 * Instructions are written as nested lists of bytes in the order in which they run; the module's bytes are made from
 * them when it is loaded. So there is no binary in the repository, nothing to build and nothing to download.
 *
 * @see WebAssembly Core Specification 2.0, chapter 5 "Binary format"; SIMD opcodes in 5.4.8
 */

export type Code = number | readonly Code[];

export type ValueType = 'i32' | 'f64' | 'v128';

export interface FunctionCode {
  readonly name: string;
  /** Every parameter is an i32: a byte address or a count. */
  readonly parameters: number;
  /** Locals after the parameters; all start at zero. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

const VALUE_TYPES = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;
const NO_RESULT = 0x40;

/** LEB128, unsigned. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** LEB128, signed. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest >= -0x40 && rest < 0x40) return [...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const simd = (opcode: number, ...operands: Code[]): Code => [0xfd, unsigned(opcode), ...operands];
/** A memory operand: an alignment hint (as a power of two) and a constant offset in bytes. */
const at = (alignment: number, offset: number): Code => [alignment, unsigned(offset)];

/** Instructions. Operands go before: `[get(a), get(b), I32.add]` is a + b. */
export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number): Code => [0x21, unsigned(local)];

/** A loop that runs while `condition` leaves something other than 0 on the stack. */
export const whileLoop = (condition: Code, body: Code): Code => [
  [0x02, NO_RESULT, 0x03, NO_RESULT],
  [condition, 0x45 /* i32.eqz */, 0x0d, 1 /* br_if out */],
  [body, 0x0c, 0 /* br again */, 0x0b, 0x0b],
];

export const I32 = {
  const: (value: number): Code => [0x41, signed(value)],
  lessThan: 0x49,
  add: 0x6a,
  subtract: 0x6b,
  and: 0x71,
  shiftLeft: 0x74,
} as const;

export const F64 = {
  load: (offset = 0): Code => [0x2b, at(3, offset)],
  /** Reads a float32 and widens it. */
  loadFloat32: (offset = 0): Code => [0x2a, at(2, offset), 0xbb],
  store: (offset = 0): Code => [0x39, at(3, offset)],
  add: 0xa0,
  subtract: 0xa1,
  multiply: 0xa2,
} as const;

/** Two float64 side by side. */
export const F64X2 = {
  load: (offset = 0): Code => simd(0x00, at(3, offset)),
  /** Reads two float32 and widens them. */
  loadFloat32: (offset = 0): Code => [simd(0x5d, at(2, offset)), simd(0x5f)],
  store: (offset = 0): Code => simd(0x0b, at(3, offset)),
  zero: simd(0x0c, new Array<number>(16).fill(0)),
  splat: simd(0x14),
  lane: (index: 0 | 1): Code => simd(0x21, index),
  add: simd(0xf0),
  subtract: simd(0xf1),
  multiply: simd(0xf2),
} as const;

/** Appends; by index, since this runs once and cold, where an iterator costs several times as much. */
function flatten(code: Code, bytes: number[] = []): number[] {
  if (typeof code === 'number') bytes.push(code);
  else for (let i = 0; i < code.length; i++) flatten(code[i]!, bytes);
  return bytes;
}

/** A list with its count in front. */
const list = (items: readonly Code[]): Code => [unsigned(items.length), items];

/** Bytes with their number in front. */
function sized(code: Code): Code {
  const bytes = flatten(code);
  return [unsigned(bytes.length), bytes];
}

const section = (id: number, content: Code): Code => [id, sized(content)];
const text = (value: string): Code => list([...value].map((character) => character.charCodeAt(0)));

/**
 * Makes a module that exports its functions by name and a memory of its own as `memory`.
 *
 * @param pages of 64 KiB; the memory does not grow
 * @param shared whether other threads may read and write the memory
 */
export function assemble(functions: readonly FunctionCode[], pages: number, shared = false): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [0x60, list(new Array<number>(parameters).fill(VALUE_TYPES.i32)), 0]);
  const bodies = functions.map(({ locals, body }) =>
    sized([list(locals.map((type) => [1, VALUE_TYPES[type]])), body, 0x0b]),
  );
  const exports = functions.map(({ name }, index) => [text(name), 0, unsigned(index)]);
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, list(types)),
      section(3, list(functions.map((_, index) => unsigned(index)))),
      section(5, list([[shared ? 3 : 1, unsigned(pages), unsigned(pages)]])),
      section(7, list([...exports, [text('memory'), 2, 0]])),
      section(10, list(bodies)),
    ]),
  );
}
