import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../../src/index.ts';
import { settle } from '../support/clock.ts';
import { counter, openSynod, order } from './machines.ts';

async function take(records: AsyncIterable<LogRecord>, count: number): Promise<LogRecord[]> {
  const taken: LogRecord[] = [];
  for await (const record of records) if (taken.push(record) === count) break;
  return taken;
}

describe('subscribe', () => {
  it('begins with the call, not with the loop', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    const records = synod.subscribe();
    await ref.tell({ type: 'increment' });
    expect(await take(records, 1)).toMatchObject([{ type: 'increment', address: { kind: 'counter', id: 'c' } }]);
  });

  it('goes on after a sequence number, through what it is asked for', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    await synod.spawn(order, { id: 'o', input: { customer: 'Ada' } });
    await ref.tell({ type: 'increment' });
    const [first, second] = await take(synod.subscribe({ kinds: ['count*'] }, { since: 0 }), 2);
    expect([first?.address.id, second?.type]).toEqual(['c', 'increment']);
    const [next] = await take(synod.subscribe({ types: ['incr*'] }, { since: first!.seq }), 1);
    expect(next).toEqual(second);
  });

  it('misses nothing when its reader is slow', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    const records = synod.subscribe({ types: ['increment'] });
    for (let i = 0; i < 3; i++) await Promise.all(Array.from({ length: 500 }, () => ref.tell({ type: 'increment' })));
    const revisions = (await take(records, 1_500)).map(({ revision }) => revision);
    expect(revisions).toEqual(Array.from({ length: 1_500 }, (_, i) => i + 2));
  });

  it('ends a loop that waits when it is closed', async () => {
    const synod = await openSynod();
    const records = synod.subscribe();
    const read = take(records, 1);
    await settle();
    records.close();
    expect(await read).toEqual([]);
  });

  it.each([[-1], [0.5]])('wants a sequence number, not %s', async (since) => {
    const synod = await openSynod();
    expect(() => synod.subscribe({}, { since })).toThrow();
  });
});
