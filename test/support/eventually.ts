/** Waiting for what comes by itself. */
import { vi } from 'vitest';

/** Far more than it takes: a machine with other work to do is no failure. Below the time limit of a test, which says less. */
const PATIENCE_MS = 30_000;

/**
 * Asks again and again until nothing is thrown.
 *
 * @returns what it returned then
 * @throws what was thrown last, after 30 s
 */
export function eventually<T>(ask: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(ask, { timeout: PATIENCE_MS, interval: 2 });
}
