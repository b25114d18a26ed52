import { describe, expect, it } from 'vitest';
import { AppError } from '../../actors/errors.ts';
import { settle } from '../support/clock.ts';
import { counter, jobs, peer, worker } from '../support/kinds.ts';
import { controlledStore } from '../support/stores.ts';
import { at, type TestSystem, testSystem } from '../support/system.ts';

const a = at('counter', 'a');

/** Crashes an actor until it is quarantined. */
async function exhaust({ system, clock }: TestSystem, address = a): Promise<void> {
  for (let i = 0; i < 4; i++) {
    const boom = system.ask(address, { type: 'boom' }).catch(() => {});
    await clock.advance(1_000);
    await boom;
  }
}

describe('supervision', () => {
  it('quarantines an actor that exhausts its restarts, tells its callers, and leaves others alone', async () => {
    const test = await testSystem([counter]);
    const { system, logged, stop } = test;
    await system.spawn(a, {});
    await system.spawn(at('counter', 'b'), {});
    await system.ask(a, { type: 'add' });
    await exhaust(test);
    expect(system.inspect().quarantined).toEqual(['t1/counter/a']);
    await expect(system.ask(a, { type: 'add' })).rejects.toMatchObject({ code: 'QUARANTINED' });
    expect((await system.read<{ n: number }>(a))?.context.n).toBe(1);
    expect((await system.ask(at('counter', 'b'), { type: 'add' })).reply).toBe(1);
    expect(logged.some(({ message }) => message.includes('quarantined'))).toBe(true);
    await stop();
  });

  it('rejects the callers who wait in the mailbox of an actor when it is quarantined', async () => {
    const test = await testSystem([counter], {
      restarts: { intensity: 0, withinMs: 5_000, backoffMs: 100, maxBackoffMs: 30_000, jitter: 0 },
    });
    const { system, stop } = test;
    await system.spawn(a, {});
    const boom = system.ask(a, { type: 'boom' });
    const behind = system.ask(a, { type: 'add' });
    await expect(boom).rejects.toMatchObject({ code: 'QUARANTINED' });
    await expect(behind).rejects.toMatchObject({ code: 'QUARANTINED' });
    await settle();
    expect(system.deadLetters({ tenant: 't1', limit: 5 }).map(({ reason }) => reason)).toEqual([
      'quarantined',
      'quarantined',
    ]);
    await stop();
  });

  it('gives a released actor its messages, timers and watchers back', async () => {
    const moody = await import('../support/moody.ts');
    const test = await testSystem([moody.moody, peer]);
    const { system, clock, store, stop } = test;
    const m = at('moody', 'm');
    await system.spawn(m, {});
    await system.spawn(at('peer', 'p'), { other: 'x' });
    const seen: number[] = [];
    system.watch(m, (view) => seen.push(view.revision));
    await system.ask(m, { type: 'timer', delayMs: 60_000 });
    moody.mood.bad = true;
    await exhaust(test, m);
    expect(system.inspect().quarantined).toEqual(['t1/moody/m']);
    await system.spawn(at('moody', 'friend'), { friend: 'm' });
    await system.ask(at('moody', 'friend'), { type: 'greet' });
    await clock.advance(120_000);
    expect([store.count('outbox'), store.count('timer')]).toEqual([1, 1]);
    moody.mood.bad = false;
    expect(system.release(at('moody', 'nobody'))).toBe(false);
    expect(system.release(m)).toBe(true);
    await clock.advance(1_000);
    expect((await system.read<{ heard: string[] }>(m))?.context.heard.sort()).toEqual(['greeting', 'timer']);
    expect([store.count('outbox'), store.count('timer')]).toEqual([0, 0]);
    expect(seen.length).toBeGreaterThan(1);
    await stop();
  });

  it('does not lose a turn in flight when an actor is released at that very moment', async () => {
    const control = controlledStore();
    const test = await testSystem([counter], {
      store: control.store,
      restarts: { intensity: 0, withinMs: 5_000, backoffMs: 100, maxBackoffMs: 30_000, jitter: 0 },
    });
    const { system, stop } = test;
    await system.spawn(a, {});
    control.hold();
    const counted = system.ask(a, { type: 'add' });
    await settle();
    const boom = system.ask(a, { type: 'boom' });
    await expect(boom).rejects.toMatchObject({ code: 'QUARANTINED' });
    expect(system.release(a)).toBe(true);
    const next = system.ask(a, { type: 'add' });
    await settle();
    control.letGo();
    expect([(await counted).reply, (await next).reply]).toEqual([1, 2]);
    await stop();
  });

  it('keeps a quarantined actor in quarantine when a commit of its former life fails', async () => {
    const control = controlledStore();
    const test = await testSystem([counter], {
      store: control.store,
      restarts: { intensity: 0, withinMs: 5_000, backoffMs: 100, maxBackoffMs: 30_000, jitter: 0 },
    });
    const { system, clock, stop } = test;
    await system.spawn(a, {});
    control.hold();
    const counted = system.ask(a, { type: 'add' });
    await settle();
    await expect(system.ask(a, { type: 'boom' })).rejects.toMatchObject({ code: 'QUARANTINED' });
    control.failing = true;
    control.letGo();
    await expect(counted).rejects.toMatchObject({ code: 'STORE_FAILED' });
    control.failing = false;
    await clock.advance(5_000);
    expect(system.inspect().quarantined).toEqual(['t1/counter/a']);
    expect(system.release(a)).toBe(true);
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    await stop();
  });

  it('does not run a promise again and again whose result is poison', async () => {
    const moody = await import('../support/moody.ts');
    const { system, clock, stop } = await testSystem([moody.brittle]);
    const b = at('brittle', 'b');
    await system.spawn(b, {});
    await system.ask(b, { type: 'work' });
    await clock.advance(10_000);
    expect(moody.runs.count).toBe(1);
    expect(system.inspect().quarantined).toEqual([]);
    await settle();
    expect(system.deadLetters({ tenant: 't1', limit: 9 })).toMatchObject([{ reason: 'poison' }]);
    await stop();
  });

  it('says so when a store cannot be read for a while, and goes on when it can', async () => {
    const control = controlledStore();
    const first = await testSystem([counter], { store: control.store });
    await first.system.spawn(a, {});
    await first.stop();
    let broken = true;
    const store = Object.create(control.store, {
      get: {
        value: (table: never, key: never) => {
          if (broken && table === 'actor') throw new AppError('STORE_FAILED', 'cannot read');
          return control.store.get(table, key);
        },
      },
    });
    const { system, clock, stop } = await testSystem([counter], { store });
    const asked = system.ask(a, { type: 'add' });
    asked.catch(() => {});
    await clock.advance(1_100);
    await expect(asked).rejects.toMatchObject({ code: 'STORE_FAILED' });
    broken = false;
    await clock.advance(2_000);
    expect((await system.ask(a, { type: 'add' })).reply).toBe(1);
    await stop();
  });
});

describe('what runs beside a turn', () => {
  it('runs a custom action after the commit, never on a replay, and survives one that throws', async () => {
    const moody = await import('../support/moody.ts');
    const control = controlledStore();
    const first = await testSystem([moody.noisy], { store: control.store });
    const n = at('noisy', 'n');
    await first.system.spawn(n, {});
    control.hold();
    const asked = first.system.ask(n, { type: 'shout' });
    await settle();
    expect(moody.shouts).toEqual([]);
    control.letGo();
    await asked;
    await settle();
    expect(moody.shouts).toEqual(['1']);
    expect((await first.system.ask(n, { type: 'shout' })).reply).toBe(2);
    await settle();
    expect(first.logged.filter(({ message }) => message.includes('"fail"')).length).toBe(2);
    await first.stop();
    const second = await testSystem([moody.noisy], { store: control.store });
    await second.system.read(n);
    await settle();
    expect(moody.shouts).toEqual(['1', '2']);
    await second.stop();
  });

  it('survives watchers that throw or reject, and tells the others', async () => {
    const { system, logged, stop } = await testSystem([counter]);
    await system.spawn(a, {});
    const seen: unknown[] = [];
    system.watch(a, () => {
      throw new Error('bad watcher');
    });
    system.watch(a, (async () => {
      throw new Error('bad promise');
    }) as never);
    const unwatch = system.watch(a, (view) => seen.push((view.context as { n: number }).n));
    await system.ask(a, { type: 'add' });
    unwatch();
    await system.ask(a, { type: 'add' });
    await settle();
    expect(seen).toEqual([1]);
    expect(logged.filter(({ message }) => message === 'a watcher failed').length).toBe(4);
    await stop();
  });
});

describe('a promise a statechart invoked', () => {
  it('brings its result or its error back as an event, and never blocks the mailbox', async () => {
    let finish = (_value: unknown) => {};
    jobs.run = () => new Promise((resolve) => (finish = resolve));
    const { system, stop } = await testSystem([worker]);
    const w = at('worker', 'w');
    await system.spawn(w, {});
    await system.ask(w, { type: 'work', what: 'x' });
    expect((await system.ask(w, { type: 'count' })).reply).toBe(0);
    finish({ ok: 1 });
    await settle();
    jobs.run = async () => {
      throw new Error('no luck');
    };
    await system.ask(w, { type: 'work', what: 'y' });
    await settle();
    jobs.run = async () => new Map();
    await system.ask(w, { type: 'work', what: 'z' });
    await settle();
    const { results } = (await system.read<{ results: unknown[] }>(w))!.context;
    expect(results).toEqual([{ ok: 1 }, 'failed: no luck', expect.stringMatching(/^failed: plain data/)]);
    await stop();
  });

  it('is aborted when its state is left, and its late result is dropped', async () => {
    const signals: AbortSignal[] = [];
    let finish = (_value: unknown) => {};
    jobs.run = (_input, signal) => {
      signals.push(signal);
      return new Promise((resolve) => (finish = resolve));
    };
    const { system, stop } = await testSystem([worker]);
    const w = at('worker', 'w');
    await system.spawn(w, {});
    await system.ask(w, { type: 'work', what: 'x' });
    await system.ask(w, { type: 'leave' });
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    finish('late');
    await settle();
    expect((await system.ask(w, { type: 'count' })).reply).toBe(0);
    await stop();
  });

  it('runs again after a restart, with its input, and is still stopped when its state is left', async () => {
    const inputs: string[] = [];
    const signals: AbortSignal[] = [];
    jobs.run = (input, signal) => {
      inputs.push(input);
      signals.push(signal);
      return new Promise(() => {});
    };
    const w = at('worker', 'w');
    const first = await testSystem([worker]);
    await first.system.spawn(w, {});
    await first.system.ask(w, { type: 'work', what: 'x' });
    for (let i = 0; i < 70; i++) await first.system.ask(w, { type: 'count' });
    await first.stop();
    expect(signals[0]!.aborted).toBe(true);
    const second = await testSystem([worker], { store: first.store });
    expect(second.store.count('snapshot')).toBe(1);
    await second.system.read(w);
    expect(inputs).toEqual(['x', 'x']);
    await second.system.ask(w, { type: 'leave' });
    expect(signals[1]!.aborted).toBe(true);
    await second.stop();
    const third = await testSystem([worker], { store: first.store });
    await third.system.read(w);
    expect(inputs.length).toBe(2);
    await third.stop();
  });
});
