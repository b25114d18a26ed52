import { describe, expect, it } from 'vitest';
import type { AppError } from '../../actors/errors.ts';
import { type Component, SupervisionTree } from '../../actors/supervision-tree.ts';
import { FakeClock, settle } from '../support/clock.ts';

function forest(names = ['store', 'timers', 'kinds', 'fronts']) {
  const events: string[] = [];
  const broken = new Map<string, number>();
  const exhausted: AppError[] = [];
  const clock = new FakeClock();
  const components = names.map(
    (name): Component => ({
      name,
      async start() {
        events.push(`+${name}`);
        const left = broken.get(name) ?? 0;
        broken.set(name, left - 1);
        if (left > 0) throw new Error(`${name} is broken`);
      },
      async stop() {
        events.push(`-${name}`);
        if (name === 'kinds' && broken.has('kinds stop')) throw new Error('stuck');
      },
    }),
  );
  const tree = new SupervisionTree({
    components,
    clock,
    logger: { warn: () => {}, error: () => {} },
    random: () => 0.5,
    onExhausted: (error) => exhausted.push(error),
  });
  const take = () => events.splice(0).join(' ');
  return { tree, clock, take, broken, exhausted };
}

describe('the supervision tree', () => {
  it('starts its parts in order and stops them in reverse', async () => {
    const { tree, take } = forest();
    await tree.start();
    expect([tree.state, take()]).toEqual(['running', '+store +timers +kinds +fronts']);
    await tree.stop();
    expect([tree.state, take()]).toEqual(['stopped', '-fronts -kinds -timers -store']);
    await tree.stop();
    expect(take()).toBe('');
  });

  it('restarts a failed part with everything after it, after a while, and nothing before it', async () => {
    const { tree, clock, take } = forest();
    await tree.start();
    take();
    const back = tree.fail('timers', new Error('x'));
    await clock.advance(99);
    expect([tree.state, take()]).toEqual(['restarting', '-fronts -kinds -timers']);
    await clock.advance(1);
    await back;
    expect([tree.state, take()]).toEqual(['running', '+timers +kinds +fronts']);
  });

  it('tries again when a part does not start, waiting longer each time', async () => {
    const { tree, clock, take, broken } = forest();
    await tree.start();
    take();
    broken.set('kinds', 1);
    const back = tree.fail('kinds', new Error('x'));
    await clock.advance(100);
    expect(take()).toBe('-fronts -kinds +kinds -kinds');
    await clock.advance(199);
    expect(take()).toBe('');
    await clock.advance(1);
    await back;
    expect([tree.state, take()]).toEqual(['running', '+kinds +fronts']);
  });

  it('gives up when restarting does not help, stops everything and tells its owner once', async () => {
    const { tree, clock, take, broken, exhausted } = forest();
    await tree.start();
    take();
    broken.set('timers', 99);
    const over = tree.fail('timers', new Error('first'));
    await clock.advance(5_000);
    await over;
    expect(tree.state).toBe('exhausted');
    expect(take().endsWith('-timers -store')).toBe(true);
    expect(exhausted.map(({ message }) => message)).toEqual(['restarting did not help: timers is broken']);
    await tree.fail('store', new Error('late'));
    await tree.stop();
    expect([exhausted.length, take()]).toEqual([1, '']);
  });

  it('stops what was started when the first start fails, and says why', async () => {
    const { tree, take, broken, exhausted } = forest();
    broken.set('kinds', 1);
    await expect(tree.start()).rejects.toThrow('kinds is broken');
    expect([tree.state, take()]).toEqual(['stopped', '+store +timers +kinds -kinds -timers -store']);
    expect(exhausted).toEqual([]);
    await tree.start();
    expect(tree.state).toBe('running');
  });

  it('stops the others although one does not stop cleanly', async () => {
    const { tree, take, broken } = forest();
    await tree.start();
    take();
    broken.set('kinds stop', 1);
    await tree.stop();
    expect(take()).toBe('-fronts -kinds -timers -store');
  });

  it('goes further down when a lower part fails while it waits, and does everything once', async () => {
    const { tree, clock, take } = forest();
    await tree.start();
    take();
    const both = [tree.fail('fronts', new Error('x'))];
    await clock.advance(50);
    both.push(tree.fail('timers', new Error('y')));
    await clock.advance(5_000);
    await Promise.all(both);
    expect([tree.state, take()]).toEqual(['running', '-fronts -kinds -timers +timers +kinds +fronts']);
  });

  it('does not wait for a restart to come when it is told to stop', async () => {
    const { tree, take } = forest();
    await tree.start();
    take();
    const back = tree.fail('kinds', new Error('x'));
    await settle();
    await tree.stop();
    await back;
    expect([tree.state, take()]).toEqual(['stopped', '-fronts -kinds -timers -store']);
  });

  it('refuses names that are none, or twice the same', () => {
    expect(() => forest().tree.fail('nothing', new Error('x'))).toThrow(TypeError);
    expect(() => forest(['a', 'a'])).toThrow(/two components/);
  });
});
