/** Many actors crash at once and over and over: they rise spread over time, some not at all, and nobody else notices. */
import { expect, it } from 'vitest';
import { counter, peer } from '../support/kinds.ts';
import { at, testSystem } from '../support/system.ts';

const MANY = 500;
const crowd = Array.from({ length: MANY }, (_, i) => at('counter', `c${i}`));

it('a restart storm is spread by the jitter, ends in quarantine, and others are served as if nothing were', async () => {
  let seed = 1;
  const random = () => {
    // Park and Miller's minimal standard generator.
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const { system, clock, store, stop } = await testSystem([counter, peer], { random });
  for (const address of crowd) await system.spawn(address, {});
  await system.spawn(at('peer', 'a'), { other: 'b' });
  await system.spawn(at('peer', 'b'), { other: 'a' });
  const codes = new Map<string, number>();
  const rises = new Map<number, number>();
  let told = 0;
  for (let round = 0; round < 4; round++) {
    const started = clock.monotonic();
    const booms = crowd.map((address) =>
      system.ask(address, { type: 'boom' }).catch((error: { code: string }) => {
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
        const ms = Math.round(clock.monotonic() - started);
        if (round === 0) rises.set(ms, (rises.get(ms) ?? 0) + 1);
      }),
    );
    for (let ms = 0; ms < 1_100; ms += 10) {
      if (ms % 100 === 0) {
        // Answered in the moment it is asked: the clock does not move.
        expect((await system.ask(at('peer', 'a'), { type: 'tell', n: told })).reply).toBe(told);
        told++;
      }
      await clock.advance(10);
    }
    await Promise.all(booms);
  }
  // The event that fells an actor twice is poison; the actor goes on. Whoever goes on crashing is taken out.
  expect([...codes.keys()].sort()).toEqual(['INTERNAL', 'QUARANTINED']);
  expect(system.inspect().quarantined.length).toBe(MANY);
  expect(rises.size).toBeGreaterThan(15);
  expect(Math.max(...rises.values())).toBeLessThan(MANY / 4);
  expect((await system.read<{ got: number[] }>(at('peer', 'b')))?.context.got.length).toBe(told);
  expect(system.inspect().queued).toBe(0);
  expect(store.count('deadletter')).toBeLessThanOrEqual(1_000);
  // Released, each is as it was.
  for (const address of crowd) expect(system.release(address)).toBe(true);
  expect(system.inspect().quarantined).toEqual([]);
  const answers = await Promise.all(crowd.map((address) => system.ask(address, { type: 'add' })));
  expect(answers.every(({ reply }) => reply === 1)).toBe(true);
  await stop();
});
