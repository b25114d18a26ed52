import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { encode } from '../../src/host/codec.ts';
import { EmbeddedHost } from '../../src/host/embedded.ts';
import { KEPT_MS } from '../../src/host/reply-sweep.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { commit, hostContract, turn } from '../contract/host.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { controlledStore, temporaryLmdb } from '../support/stores.ts';

hostContract('the embedded host over memory', async (clock) => {
  const store = createMemoryStore();
  let host = new EmbeddedHost({ store, clock });
  return {
    host,
    async reopen() {
      await host.close();
      host = new EmbeddedHost({ store, clock });
      return host;
    },
    async destroy() {
      await host.close();
      await store.close();
    },
  };
});

hostContract('the embedded host over LMDB', async (clock) => {
  const files = await temporaryLmdb();
  let host = new EmbeddedHost({ store: files.store, clock });
  return {
    host,
    async reopen() {
      await host.close();
      host = new EmbeddedHost({ store: await files.reopen(), clock });
      return host;
    },
    async destroy() {
      await host.close();
      await files.destroy();
    },
  };
});

const a = { tenant: 't1', kind: 'thing', id: 'a' };

describe('the embedded host', () => {
  it('goes on telling others when a listener of the log throws, and goes on committing', async () => {
    const faults: unknown[] = [];
    const host = new EmbeddedHost({
      store: createMemoryStore(),
      clock: new FakeClock(),
      onFault: (error) => faults.push(error),
    });
    const seen: number[] = [];
    host.onRecord(() => {
      throw new Error('bad listener');
    });
    host.onRecord((record) => seen.push(record.seq));
    await commit(host, turn(a, 0));
    await commit(host, turn(a, 1));
    await settle();
    expect([seen, faults.length]).toEqual([[1, 2], 2]);
    await host.close();
  });

  it('moves heads and counters only with a commit that landed', async () => {
    const control = controlledStore();
    const clock = new FakeClock();
    const host = new EmbeddedHost({ store: control.store, clock });
    await commit(host, turn(a, 0));
    control.failing = true;
    await expect(commit(host, turn({ ...a, id: 'b' }, 0))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      retryAfterMs: expect.any(Number),
    });
    expect([host.head('t1'), host.count('thing')]).toEqual([1, 1]);
    control.failing = false;
    await commit(host, turn({ ...a, id: 'b' }, 0));
    expect([host.head('t1'), host.count('thing')]).toEqual([2, 2]);
    expect(verifyChain(control.store, 't1')).toMatchObject({ records: 2, faults: [] });
    await host.close();
  });

  it('forgets replies of turns and of requests that nobody may ask for any more, a few at a time', async () => {
    const store = createMemoryStore();
    const clock = new FakeClock();
    const host = new EmbeddedHost({ store, clock });
    host.start();
    const row = (age: number, i: number, what: string) => ({
      op: 'put' as const,
      table: 'replay' as const,
      key: ['t1', what, `k${i}`],
      value: encode({ at: clock.now() - age }),
    });
    const many = Array.from({ length: 1_000 }, (_, i) => i);
    await store.commit(many.map((i) => row(KEPT_MS + 1, i, i % 2 ? 'turn' : 'http')));
    await store.commit(many.map((i) => row(0, i, `fresh`)));
    await clock.advance(600_000);
    expect(store.count('replay')).toBeGreaterThan(1_500);
    await clock.advance(600_000);
    expect(store.count('replay')).toBe(1_000);
    await host.close();
  });
});
