/** Both ends of a port in one thread, so that the far end does exactly what the test says. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import type { EventOf, Ref, Reply, Snapshot } from '../../src/index.ts';
import { connectSynod } from '../../src/thread/client.ts';
import { openDoor } from '../../src/thread/door.ts';
import { settle } from '../support/clock.ts';
import type { order } from '../synod/machines.ts';

function mutePeer() {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port2.close());
  return { port: port1, peer: port2 };
}

function snapshot(revision: number): Snapshot {
  return { revision, value: {}, context: { revision }, status: 'active', output: undefined };
}

describe('a client whose peer does not answer', () => {
  it('gives up at the deadline of the connection, or of the call', async () => {
    const synod = connectSynod(mutePeer().port, { deadlineMs: 20 });
    await expect(synod.call('x')).rejects.toMatchObject({
      code: 'DEADLINE',
      message: expect.stringContaining('20 ms'),
    });
    await expect(synod.tell('order', 'o', { type: 'pay' }, { deadlineMs: 1 })).rejects.toMatchObject({
      code: 'DEADLINE',
      message: 'order "o" "pay" was not answered within 1 ms',
    });
    await expect(synod.watch('order', 'o', () => {})).rejects.toMatchObject({ code: 'DEADLINE' });
  });

  it('is told when the peer goes, about every call under way', async () => {
    const { port, peer } = mutePeer();
    const synod = connectSynod(port);
    const calls = [synod.call('x'), synod.spawn('order', { id: 'o' }), synod.getSnapshot('order', 'o')];
    peer.close();
    for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
      expect({ status, code: reason.code }).toEqual({ status: 'rejected', code: 'UNAVAILABLE' });
    }
    await expect(synod.call('x')).rejects.toMatchObject({ code: 'UNAVAILABLE', retry: true });
  });

  it('fails its own calls when it closes', async () => {
    const synod = connectSynod(mutePeer().port);
    const call = synod.call('x');
    synod.close();
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('says what cannot cross the port', async () => {
    const synod = connectSynod(mutePeer().port);
    await expect(synod.tell('order', 'o', { type: 'pay', how: () => {} })).rejects.toMatchObject({ code: 'INVALID' });
  });
});

describe('a door', () => {
  const behind = { spawn: () => Promise.reject(new Error('unused')), call: async () => undefined as never };

  function open(call: () => Promise<unknown>, watch: Ref['watch'] = () => () => {}) {
    const ref = { watch } as unknown as Ref;
    const door = openDoor({ ...behind, call: call as never }, () => ref);
    onTestFinished(() => door.close());
    return door;
  }

  it('stays open under a call although nobody holds the client any more', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    let answer = (_: string) => {};
    const answered = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const { port } = open(() => answered);
    const called = connectSynod(port).call('x');
    for (let i = 0; i < 20; i++) {
      collect();
      await settle();
    }
    answer('late');
    expect(await called).toBe('late');
  });

  it('sends a slow watcher one snapshot at a time, the newest next', async () => {
    let show = (_: Snapshot) => {};
    const { port } = open(
      async () => {},
      (callback) => {
        show = callback;
        return () => {};
      },
    );
    const seen: number[] = [];
    let finish = () => {};
    const first = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const done = new Promise<void>((resolve) => {
      void connectSynod(port).watch('order', 'o', async ({ revision }) => {
        seen.push(revision);
        if (revision === 100) resolve();
        await first;
      });
    });
    await settle();
    for (let revision = 1; revision <= 100; revision++) show(snapshot(revision));
    await settle();
    finish();
    await done;
    expect(seen).toEqual([1, 100]);
  });

  it('ends its watches when the other side goes', async () => {
    let stopped = 0;
    const door = open(
      async () => {},
      () => () => void stopped++,
    );
    const synod = connectSynod(door.port);
    const stop = await synod.watch('order', 'o', () => {});
    await synod.watch('order', 'o', () => {});
    await stop();
    await stop();
    expect(stopped).toBe(1);
    synod.close();
    await door.closed;
    expect(stopped).toBe(2);
  });
});

it('has the types of a machine it is told', () => {
  const synod = connectSynod(mutePeer().port);
  const { ask, getSnapshot } = synod;
  expectTypeOf(ask<typeof order, number>)
    .parameter(2)
    .toEqualTypeOf<EventOf<typeof order>>();
  expectTypeOf(ask<typeof order, number>).returns.resolves.toEqualTypeOf<Reply<typeof order, number>>();
  expectTypeOf(getSnapshot<typeof order>).returns.resolves.toEqualTypeOf<Snapshot<typeof order>>();
});
