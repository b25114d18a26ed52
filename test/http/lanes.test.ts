/** Who goes before whom when more arrives than one thread can do. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createHeavyLane } from '../../src/http/lanes.ts';

/** Enters and notes when it was let in. */
async function request(lane: ReturnType<typeof createHeavyLane>, name: string, order: string[]): Promise<void> {
  await lane.enter();
  order.push(name);
}

it('lets a request pass at once that finds nobody before it', async () => {
  const lane = createHeavyLane();
  expect(lane.enter()).toBeUndefined();
  await turn();
  expect(lane.enter()).toBeUndefined();
});

it('lets one pass per turn of the event loop while turns are long, in the order of arrival', async () => {
  let ms = 0;
  const lane = createHeavyLane(() => (ms += 5));
  const order: string[] = [];
  const all = ['a', 'b', 'c', 'd'].map((name) => request(lane, name, order));
  expect(lane.waiting).toBe(3);
  await Promise.resolve();
  expect(order).toEqual(['a']);
  await turn();
  await turn();
  const soFar = order.length;
  expect(soFar).toBeLessThan(4);
  // What arrives meanwhile runs before those that still wait.
  order.push('light');
  await Promise.all(all);
  expect(order.filter((name) => name !== 'light')).toEqual(['a', 'b', 'c', 'd']);
  expect(order.indexOf('light')).toBe(soFar);
  expect(lane.waiting).toBe(0);
});

it('lets more pass per turn while turns are short, and fewer again when they become long', async () => {
  let ms = 0;
  let long = false;
  const lane = createHeavyLane(() => (ms += long ? 5 : 0.1));
  const order: string[] = [];
  const perTurn = async (turns: number) => {
    const counts: number[] = [];
    for (let i = 0; i < turns; i++) {
      const before = order.length;
      await turn();
      counts.push(order.length - before);
    }
    return counts;
  };
  for (let i = 0; i < 400; i++) void request(lane, `${i}`, order);
  const short = await perTurn(20);
  expect(Math.max(...short)).toBe(8);
  long = true;
  expect((await perTurn(20)).at(-1)).toBe(1);
});

it('forgets nobody among thousands, nor who comes while they wait', async () => {
  const lane = createHeavyLane();
  const order: string[] = [];
  const all = Array.from({ length: 3_000 }, (_, i) => request(lane, `${i}`, order));
  await turn();
  for (let i = 3_000; i < 3_010; i++) all.push(request(lane, `${i}`, order));
  await Promise.all(all);
  expect(order).toEqual(Array.from({ length: 3_010 }, (_, i) => `${i}`));
});
