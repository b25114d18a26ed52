/** Shapes that many operations share. */
import { z } from 'zod';
import { addressPartTrouble, MAX_ADDRESS_PART_BYTES } from '../../actors/address.ts';

/** Bytes of one message or answer. */
export const MAX_TEXT_BYTES = 65_536;
/** Bytes of a request that carries lists of vectors: a thousand of 1,536 numbers, twenty characters each. */
export const MAX_VECTORS_BYTES = 32 * 2 ** 20;
/** Bytes of a request about one vector: the longest there is, with its bit pattern and a thousand ids. */
export const MAX_VECTOR_BYTES = 4 * 2 ** 20;
/** The largest finite float32: vectors are stored as such. */
const MAX_FLOAT32 = 3.4028234663852886e38;

/** A text with content, at most 64 KiB of UTF-8; a lone surrogate becomes U+FFFD, as it would on the way to disk. */
export const text = z
  .string()
  .min(1)
  .max(MAX_TEXT_BYTES)
  .overwrite((value) => value.toWellFormed())
  .refine((value) => Buffer.byteLength(value) <= MAX_TEXT_BYTES, `at most ${MAX_TEXT_BYTES} bytes of UTF-8`)
  .refine((value) => value.trim() !== '', 'String should have at least 1 character');

/** A field that may be left out; clients that always send it may say null. */
export const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** Words to look for; blank ones are as good as none. */
export const words = z
  .string()
  .max(MAX_TEXT_BYTES)
  .overwrite((value) => value.toWellFormed().trim())
  .optional();

/** A name a client chose: session ids, entity keys, labels. */
export const name = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .overwrite((value) => value.toWellFormed())
    // No path can spell it: what it names could be made and never be asked for again.
    .refine((value) => !value.includes('\0'), 'String should not contain a NUL character');

/** Opaque. */
export const id = name(MAX_ADDRESS_PART_BYTES)
  .refine((value) => addressPartTrouble(value) === null, `at most ${MAX_ADDRESS_PART_BYTES} bytes of UTF-8`)
  .describe('Opaque id.');

/** Finite numbers; how many is checked against the session's dimension. */
export const vector = z
  .array(z.number().min(-MAX_FLOAT32).max(MAX_FLOAT32))
  .min(1)
  .max(65_536)
  .describe('Finite numbers, as many as the session has dimensions.');

export const cosine = z.number().min(-1).max(1);

/** Unix seconds (a fraction is fine) or an ISO 8601 text; becomes Unix ms. */
export const timestamp = z
  .union([z.number().min(0).max(8.64e12), z.iso.datetime({ offset: true, local: true })])
  .describe('Unix seconds or ISO 8601: when it happened. Default: now.');

/** @returns Unix ms, null for an absent one */
export function toMs(value: z.output<typeof timestamp> | undefined): number | null {
  if (value === undefined) return null;
  return typeof value === 'number' ? Math.round(value * 1_000) : Date.parse(value);
}

/** `true`, `1`, `yes`, `on` and their opposites, as query strings carry them. */
export const flag = z.stringbool();

/** A whole number in a query string. The bounds come first: whoever is far beyond them hears of them, not of 2^53. */
export const whole = (min: number, max: number) => z.coerce.number().min(min).max(max).int();

export const sessionPath = z.object({ id: id.describe('Session id.') });

export const isolationReport = z.object({
  level: z.enum(['OPEN', 'FILTER', 'QUARANTINE', 'LOCKDOWN']),
  action: z.enum(['pass', 'dropped', 'quarantined', 'blocked']),
});

export const turnMetrics = z.object({
  phase: z.enum(['initialization', 'exploration', 'convergence', 'resonance', 'stability', 'instability']),
  interaction_count: z.int().describe('Stored turns.'),
  total_memories: z.int(),
  similarity: z.number().describe('Cosine of the last stored turn to the state before it, [-1, 1].'),
  beta: z.number().describe('Share of the state that survived the last turn, (0, 1).'),
  fsm: z.number().describe('Stability, [0, 1].'),
  norm: z.number(),
  topic_switch: z.number().describe('Magnitude of a detected switch, 0 for none.'),
  novelty_score: z.number().describe('[0, 1].'),
  pattern_strength: z.number().describe('[0, 1.5].'),
});
