import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/index.ts';
import { fromWire, type Outcome, outcomeOf } from '../../src/thread/wire.ts';

/** What is left of an error on the other side of a port. */
async function crossed(error: unknown): Promise<unknown> {
  const outcome: Outcome<unknown> = structuredClone(
    await outcomeOf(() => {
      throw error;
    }),
  );
  return outcome.ok ? undefined : fromWire(outcome.error);
}

describe('an error across the port', () => {
  it('keeps its code, sentence, details and how long to wait', async () => {
    const error = new AppError('MAILBOX_FULL', 'full', { details: { waiting: 1_024 }, retryAfterMs: 1_000 });
    const arrived = await crossed(error);
    expect(arrived).toBeInstanceOf(AppError);
    expect(arrived).toMatchObject({
      code: 'MAILBOX_FULL',
      message: 'full',
      details: { waiting: 1_024 },
      retryAfterMs: 1_000,
      retry: true,
    });
  });

  it('says what a misuse was', async () => {
    expect(await crossed(new TypeError('an XState machine is wanted'))).toMatchObject({
      code: 'INVALID',
      message: 'an XState machine is wanted',
    });
  });

  it('tells nothing of a bug', async () => {
    expect(await crossed(new Error('secret path'))).toMatchObject({ code: 'INTERNAL', message: 'internal error' });
    expect(await crossed('a text')).toMatchObject({ code: 'INTERNAL', message: 'internal error' });
  });
});

it('an answer crosses as it is', async () => {
  expect(await outcomeOf(async () => Float32Array.of(1, 2))).toEqual({ ok: true, value: Float32Array.of(1, 2) });
});
