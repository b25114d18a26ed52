import { describe, expect, it } from 'vitest';
import type { StreamItem, Subscription } from '../../actors/ports.ts';
import { settle } from '../support/clock.ts';
import { counter, peer } from '../support/kinds.ts';
import { at, testSystem } from '../support/system.ts';

const a = at('counter', 'a');

/** Collects what comes, until told to stop. */
function collect(stream: Subscription): { items: StreamItem[]; seqs(): number[] } {
  const items: StreamItem[] = [];
  void (async () => {
    for await (const item of stream) items.push(item);
  })();
  return { items, seqs: () => items.flatMap((item) => (item.type === 'record' ? [item.record.seq] : [])) };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a stream', () => {
  it('brings what happens from now on', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const now = collect(system.subscribe({ tenant: 't1' }));
    for (let i = 0; i < 3; i++) await system.ask(a, { type: 'add' });
    await settle();
    expect(now.seqs()).toEqual([2, 3, 4]);
    expect(now.items[0]).toMatchObject({ record: { type: 'add', revision: 2, payload: { type: 'add' } } });
    await stop();
  });

  it('brings history after a cursor and then the present, without gap or duplicate under concurrent commits', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    for (let i = 0; i < 300; i++) await system.ask(a, { type: 'add' });
    const readers = [0, 1, 150, 301, 99_999].map((since) => ({
      since: Math.min(since, 301),
      got: collect(system.subscribe({ tenant: 't1' }, { since, capacity: 7 })),
    }));
    for (let i = 0; i < 20; i++) await Promise.all(range(1, 20).map(() => system.ask(a, { type: 'add' })));
    await settle(100);
    for (const { since, got } of readers) expect(got.seqs()).toEqual(range(since + 1, 701));
    await stop();
  });

  it('tells a slow reader how much it missed, brings that from the log, and never slows anybody down', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const stream = system.subscribe({ tenant: 't1' }, { capacity: 10 });
    const reader = stream[Symbol.asyncIterator]();
    const next = async () => (await reader.next()).value as StreamItem;
    const first = next();
    for (let i = 0; i < 50; i++) await system.ask(a, { type: 'add' });
    const seqs: number[] = [];
    const notices: StreamItem[] = [];
    const take = (item: StreamItem) => {
      if (item.type === 'record') seqs.push(item.record.seq);
      else notices.push(item);
    };
    take(await first);
    // It reads one, and more come than its buffer holds; then it reads on while still more come.
    while (seqs.length < 5) take(await next());
    for (let i = 0; i < 50; i++) await system.ask(a, { type: 'add' });
    while (seqs.length < 60) take(await next());
    for (let i = 0; i < 50; i++) await system.ask(a, { type: 'add' });
    while (seqs.length < 150) take(await next());
    expect(seqs).toEqual(range(2, 151));
    expect(notices.length).toBeGreaterThan(0);
    expect(notices[0]).toMatchObject({ type: 'lagged', missed: expect.any(Number) });
    stream.close();
    await stop();
  });

  it('knows up to where nothing is missing: what it has handed out, or all there is once it waits', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    for (let i = 0; i < 5; i++) await system.ask(a, { type: 'add' });
    const stream = system.subscribe({ tenant: 't1' }, { since: 2 });
    const reader = stream[Symbol.asyncIterator]();
    expect(stream.position).toBe(2);
    for (const seq of range(3, 6)) {
      await reader.next();
      expect(stream.position).toBe(seq);
    }
    const next = reader.next();
    await settle();
    for (let i = 0; i < 3; i++) await system.ask(a, { type: 'add' });
    await settle();
    expect([stream.position, (await next).value.record.seq]).toEqual([7, 7]);
    stream.close();

    const deaf = system.subscribe({ tenant: 't1', kinds: ['nothing'] });
    const nothing = collect(deaf);
    expect(deaf.position).toBe(9);
    await settle();
    await system.ask(a, { type: 'add' });
    await settle();
    expect([deaf.position, nothing.items]).toEqual([10, []]);
    await stop();
  });

  it('passes what its filters name, kinds and ids and types, with globs', async () => {
    const { system, stop } = await testSystem([counter, peer]);
    const got = collect(system.subscribe({ tenant: 't1', kinds: ['count*'], ids: ['a', 'x*'], types: ['add'] }));
    const others = collect(system.subscribe({ tenant: 't1', kinds: ['peer'] }));
    for (const id of ['a', 'b', 'xy']) {
      await system.spawn(at('counter', id), {});
      await system.ask(at('counter', id), { type: 'add' });
    }
    await system.spawn(at('peer', 'a'), { other: 'b' });
    await settle();
    expect(got.items.map((item) => item.type === 'record' && item.record.address.id)).toEqual(['a', 'xy']);
    expect(others.items.length).toBe(1);
    await stop();
  });

  it("never shows another tenant's records, whatever its patterns say", async () => {
    const { system, stop } = await testSystem([counter]);
    const got = collect(system.subscribe({ tenant: 't1', ids: ['*'] }, { since: 0 }));
    await system.spawn(at('counter', 'a', 't2'), {});
    await system.spawn(a, {});
    await settle();
    expect(got.items.map((item) => item.type === 'record' && item.record.address.tenant)).toEqual(['t1']);
    await stop();
  });

  it('ends when it is closed, when its reader leaves, and when the system stops', async () => {
    const { system, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const closed = system.subscribe({ tenant: 't1' });
    const waiting = closed[Symbol.asyncIterator]().next();
    closed.close();
    closed.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    for await (const _ of system.subscribe({ tenant: 't1' }, { since: 0 })) break;
    expect(system.subscribers).toBe(0);
    const open = system.subscribe({ tenant: 't1' })[Symbol.asyncIterator]().next();
    await settle();
    await stop();
    expect(await open).toEqual({ done: true, value: undefined });
  });

  it('refuses cursors, capacities and patterns that are none', async () => {
    const { system, stop } = await testSystem([counter]);
    expect(() => system.subscribe({ tenant: 't1' }, { since: -1 })).toThrow(TypeError);
    expect(() => system.subscribe({ tenant: 't1' }, { since: 1.5 })).toThrow(TypeError);
    expect(() => system.subscribe({ tenant: 't1' }, { capacity: 0 })).toThrow(TypeError);
    expect(() => system.subscribe({ tenant: 't1', ids: ['x'.repeat(400)] })).toThrow(
      expect.objectContaining({ code: 'INVALID' }),
    );
    expect(system.subscribers).toBe(0);
    await stop();
  });
});
