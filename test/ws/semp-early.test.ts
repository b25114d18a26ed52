/** `WS /ws` where the log shows an event before the server knows that it is durable, as LMDB's readers do. */
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openDoor } from './semp-door.ts';
import { listen } from './semp-listener.ts';

/** A server whose commits are visible to readers, and done only when the test says so. */
async function early() {
  const store = createMemoryStore();
  const commit = store.commit.bind(store);
  let done: Promise<void> = Promise.resolve();
  store.commit = async (ops) => {
    await commit(ops);
    await done;
  };
  const door = await openDoor(30_000, store);
  const { environment } = door.runtime.services;
  /** Posts an event that can be read and was not told to anybody. */
  const postEarly = async (payload: Record<string, unknown>) => {
    let tell = () => {};
    done = new Promise((resolve) => {
      tell = resolve;
    });
    const posted = door.post(payload);
    const newest = async () => (await environment.events('anonymous', { limit: 1 })).events[0]?.event;
    let event = await newest();
    while (event?.payload.n !== payload.n) {
      await new Promise((resolve) => setImmediate(resolve));
      event = await newest();
    }
    const told = async () => {
      tell();
      await posted;
    };
    return { event: event!, tell: told };
  };
  return { ...door, postEarly };
}

describe('an event that a reader of the log saw first', () => {
  it('comes once, and so do those after it', async () => {
    const { url, post, postEarly } = await early();
    const first = await post({ n: 1 });
    const second = await post({ n: 2 });
    const listener = await listen(url);
    const { event: third, tell } = await postEarly({ n: 3 });
    await listener.subscribe({ since: first.id });
    await listener.until(() => listener.ids.includes(third.id));
    await listener.settled();
    await tell();
    const fourth = await post({ n: 4 });
    await listener.until(() => listener.ids.includes(fourth.id));
    expect(listener.ids).toEqual([second.id, third.id, fourth.id]);
  });

  it('does not come again to a client that subscribes anew', async () => {
    const { url, post, postEarly } = await early();
    const first = await post({ n: 1 });
    await post({ n: 2 });
    const listener = await listen(url);
    const { event: third, tell } = await postEarly({ n: 3 });
    await listener.subscribe({ since: first.id });
    await listener.until(() => listener.ids.includes(third.id));
    await listener.subscribe({ types: ['proposal'] });
    await tell();
    const fourth = await post({ n: 4 });
    await listener.until(() => listener.ids.includes(fourth.id));
    expect(listener.ids.filter((id) => id === third.id)).toHaveLength(1);
  });

  it('does not come to a client that has it already', async () => {
    const { url, post, postEarly } = await early();
    await post({ n: 1 });
    const listener = await listen(url);
    const { event: second, tell } = await postEarly({ n: 2 });
    const cursor = await listener.subscribe({ since: second.id });
    expect(cursor).toBeGreaterThan(0);
    await tell();
    const third = await post({ n: 3 });
    await listener.until(() => listener.ids.includes(third.id));
    expect(listener.ids).toEqual([third.id]);
  });
});
