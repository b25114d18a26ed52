/** How much one event can make the server read through its parents. */
import { expect, it } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { live } from './live.ts';
import type { Draft } from './reference.ts';

const draft = (parent_ids: readonly string[], payload: object = {}): Draft => ({
  type: 'reward',
  scope: 'wide',
  trace_id: 'trace',
  agent_id: 'agent',
  parent_ids,
  payload: { value: 0.001, ...payload },
});

/** A store that counts how often an event is read. */
function counting(): { store: Store; reads: () => number } {
  const plain = createMemoryStore();
  let reads = 0;
  const store = new Proxy(plain, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (name === 'get' && args[0] === 'event') reads++;
        return (member as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  return { store, reads: () => reads };
}

it('reads no parent to know what it touched, and looks at none behind the 256th signal', {
  timeout: 60_000,
}, async () => {
  const { store, reads } = counting();
  const { runtime, post } = await live(store);
  const roots: string[] = [];
  for (let n = 0; n < 256; n++) roots.push((await post(draft([], { action: `a${n}` }))).event.id);
  const wide: string[] = [];
  for (let n = 0; n < 3; n++) wide.push((await post(draft(roots))).event.id);
  let before = reads();
  await post(draft(Array.from({ length: 256 }, () => roots[0]!)));
  expect(reads() - before).toBe(0);
  before = reads();
  const { touches } = await post(draft([...wide, ...roots.slice(0, 200)]));
  expect(touches).toHaveLength(256);
  expect(reads() - before).toBe(0);
  await runtime.close();
});
