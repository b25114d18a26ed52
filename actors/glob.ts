/**
 * Globs from untrusted clients: `*` stands for any characters, none included, and nothing else is special. Hand-written
 * because a glob compiled to a regular expression can take exponential time (`*a*a*a*a*b`); this takes at most the
 * product of the lengths, and both are bounded.
 */
import { AppError } from './errors.ts';

const MAX_PATTERNS = 64;
const MAX_PATTERN_LENGTH = 300;

/**
 * A test for texts that match one of the patterns; null when there are none, and every text passes.
 *
 * @throws AppError INVALID for too many or too long patterns
 */
export function globs(patterns: readonly string[] | undefined): ((text: string) => boolean) | null {
  if (!patterns || patterns.length === 0) return null;
  if (patterns.length > MAX_PATTERNS) {
    throw new AppError('INVALID', `${patterns.length} patterns, at most ${MAX_PATTERNS} wanted`);
  }
  const exact = new Set<string>();
  const wild: string[][] = [];
  for (const pattern of patterns) {
    if (typeof pattern !== 'string') throw new AppError('INVALID', 'a pattern is not a string');
    if (pattern.length > MAX_PATTERN_LENGTH) {
      throw new AppError('INVALID', `a pattern has ${pattern.length} characters, at most ${MAX_PATTERN_LENGTH} wanted`);
    }
    if (pattern.includes('*')) wild.push(pattern.split('*'));
    else exact.add(pattern);
  }
  return (text) => exact.has(text) || wild.some((parts) => fits(parts, text));
}

/** The parts between the stars, in order and without overlap; taking each as early as possible is enough. */
function fits(parts: readonly string[], text: string): boolean {
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (let i = 1; i < parts.length - 1; i++) {
    const found = text.indexOf(parts[i]!, at);
    if (found < 0) return false;
    at = found + parts[i]!.length;
  }
  return at <= end;
}
