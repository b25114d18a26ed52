/** Holds the half-internal interface of XState that `actors/statechart.ts` runs on. */
import { describe, expect, it } from 'vitest';
import { assign, createMachine, emit, fromCallback, fromPromise, fromTransition, raise, sendTo, setup } from 'xstate';
import { effects } from '../../actors/effects.ts';
import { Statechart } from '../../actors/statechart.ts';
import { worldOf } from '../../actors/world.ts';

describe('statechart', () => {
  it('throws synchronously when an assign or a guard throws, and leaves the old snapshot as it was', () => {
    const chart = new Statechart(
      setup({
        types: {} as { context: { n: number } },
        guards: {
          bad: () => {
            throw new Error('guard');
          },
        },
      }).createMachine({
        context: { n: 1 },
        on: {
          a: {
            actions: [
              assign({ n: 2 }),
              assign(() => {
                throw new Error('assign');
              }),
            ],
          },
          g: { guard: 'bad', actions: assign({ n: 3 }) },
        },
      }),
    );
    const { snapshot } = chart.initial({});
    expect(() => chart.fold(snapshot, { type: 'a' })).toThrow('assign');
    // XState wraps a guard's error in one that names the guard.
    expect(() => chart.fold(snapshot, { type: 'g' })).toThrow('guard');
    expect(() => chart.accepts(snapshot, { type: 'g' })).toThrow('guard');
    expect(snapshot.context).toEqual({ n: 1 });
  });

  it('throws when the context or an entry action of a new actor throws', () => {
    const bad = new Statechart(
      createMachine({
        context: () => {
          throw new Error('context');
        },
      }),
    );
    expect(() => bad.initial({})).toThrow('context');
  });

  it('hands over custom actions as data with their parameters, and runs none by itself', () => {
    const ran: unknown[] = [];
    const chart = new Statechart(
      setup({
        types: {} as { context: { n: number } },
        actions: { ...effects, log: (_, params: { n: number }) => ran.push(params.n) },
      }).createMachine({
        context: { n: 0 },
        on: {
          go: {
            actions: [
              assign({ n: 7 }),
              { type: 'log', params: ({ context }) => ({ n: context.n }) },
              { type: 'publish', params: ({ context }) => ({ type: 'went', payload: context.n }) },
            ],
          },
        },
      }),
    );
    const fold = chart.fold(chart.initial({}).snapshot, { type: 'go' });
    expect(fold.effects).toMatchObject([
      { type: 'custom', name: 'log' },
      { type: 'publish', params: { type: 'went', payload: 7 } },
    ]);
    expect(ran).toEqual([]);
    (fold.effects[0] as { run: () => void }).run();
    expect(ran).toEqual([7]);
  });

  it('turns a delay into an effect with an id and a delay, and leaving the state into its cancellation', () => {
    const chart = new Statechart(
      setup({
        types: {} as { context: { ms: number } },
        delays: { dynamic: ({ context }) => context.ms },
      }).createMachine({
        context: { ms: 250 },
        initial: 'a',
        states: {
          a: { after: { 1000: 'b' }, on: { leave: 'b' } },
          b: { after: { dynamic: 'a' } },
        },
      }),
    );
    const start = chart.initial({});
    const [after] = start.effects as [{ type: string; id: string; delayMs: number; event: { type: string } }];
    expect(after).toMatchObject({ type: 'after', delayMs: 1000 });
    expect(after.event.type).toMatch(/^xstate\.after/);
    const left = chart.fold(start.snapshot, { type: 'leave' });
    expect(left.effects).toMatchObject([
      { type: 'cancel', id: after.id },
      { type: 'after', delayMs: 250 },
    ]);
    const fired = chart.fold(start.snapshot, after.event);
    expect(fired.snapshot.value).toBe('b');
  });

  it('starts and stops invoked promises as data, also after a restore', () => {
    const machine = setup({
      actors: {
        work: fromPromise(async (args: { input: number }) => `${args.input * 2} in ${worldOf(args).tenant}`),
      },
    }).createMachine({
      initial: 'idle',
      states: {
        idle: { on: { go: 'busy' } },
        busy: { invoke: { id: 'job', src: 'work', input: 21, onDone: 'done' }, on: { stop: 'idle' } },
        done: {},
      },
    });
    const chart = new Statechart(machine);
    const busy = chart.fold(chart.initial({}).snapshot, { type: 'go' });
    expect(busy.effects).toEqual([{ type: 'invoke', id: 'job', src: 'work', input: 21 }]);
    const restored = chart.restore(chart.persist(busy.snapshot), [{ id: 'job', src: 'work' }]);
    for (const snapshot of [busy.snapshot, restored]) {
      expect(chart.fold(snapshot, { type: 'stop' }).effects).toEqual([{ type: 'stop', id: 'job' }]);
      const done = { type: 'xstate.done.actor.job', actorId: 'job', output: 42 };
      expect(chart.accepts(snapshot, done)).toBe(true);
      expect(chart.fold(snapshot, done).snapshot.value).toBe('done');
    }
  });

  it('runs the promise behind an invoked actor and refuses any other logic', async () => {
    const machine = setup({
      actors: {
        work: fromPromise(async (args: { input: number }) => `${args.input * 2} in ${worldOf(args).tenant}`),
      },
    }).createMachine({});
    const chart = new Statechart(machine);
    const none = () => Promise.reject(new Error('no kernels here'));
    const world = { tenant: 't', compute: { run: none }, read: async () => undefined };
    expect(await chart.promise('work')(21, new AbortController().signal, world)).toBe('42 in t');
    for (const other of [fromCallback(() => {}), fromTransition((n: number) => n, 0), createMachine({})]) {
      expect(() => new Statechart(setup({ actors: { other } }).createMachine({}))).toThrow(/not made by fromPromise/);
    }
    expect(() => chart.promise('missing')).toThrow(/no actor "missing"/);
  });

  it('hands over emitted events and applies raised ones within the same step', () => {
    const chart = new Statechart(
      createMachine({
        initial: 'a',
        states: {
          a: { on: { go: { target: 'b', actions: [emit({ type: 'left', by: 'go' }), raise({ type: 'on' })] } } },
          b: { on: { on: 'c' } },
          c: {},
        },
      }),
    );
    const fold = chart.fold(chart.initial({}).snapshot, { type: 'go' });
    expect(fold.snapshot.value).toBe('c');
    expect(fold.effects).toEqual([{ type: 'emit', event: { type: 'left', by: 'go' } }]);
  });

  it('keeps history states over persist and restore', () => {
    const chart = new Statechart(
      createMachine({
        initial: 'work',
        states: {
          work: {
            initial: 'one',
            states: {
              one: { on: { next: 'two' } },
              two: { initial: 'x', states: { x: { on: { in: 'y' } }, y: {} } },
              back: { type: 'history', history: 'deep' },
            },
            on: { pause: 'paused' },
          },
          paused: { on: { resume: 'work.back' } },
        },
      }),
    );
    let { snapshot } = chart.initial({});
    for (const type of ['next', 'in', 'pause']) snapshot = chart.fold(snapshot, { type }).snapshot;
    const stored = structuredClone(chart.persist(snapshot));
    const resumed = chart.fold(chart.restore(stored), { type: 'resume' }).snapshot;
    expect(resumed.value).toEqual({ work: { two: 'y' } });
  });

  it('keeps parallel states and a final output over persist and restore', () => {
    const chart = new Statechart(
      createMachine({
        type: 'parallel',
        states: {
          a: { initial: 'off', states: { off: { on: { a: 'end' } }, end: { type: 'final' } } },
          b: { initial: 'off', states: { off: { on: { b: 'end' } }, end: { type: 'final' } } },
        },
        output: 'both',
      }),
    );
    const half = chart.fold(chart.initial({}).snapshot, { type: 'a' }).snapshot;
    expect(half.value).toEqual({ a: 'end', b: 'off' });
    const done = chart.fold(chart.restore(structuredClone(chart.persist(half))), { type: 'b' }).snapshot;
    expect([done.status, done.output]).toEqual(['done', 'both']);
    const again = chart.restore(structuredClone(chart.persist(done)));
    expect([again.status, again.output, chart.accepts(again, { type: 'a' }), chart.accepted(again)]).toEqual([
      'done',
      'both',
      false,
      [],
    ]);
  });

  it('refuses sendTo and inline actors, which cannot be made durable, naming what to use', () => {
    const sends = new Statechart(createMachine({ on: { go: { actions: sendTo('somebody', { type: 'x' }) } } }));
    expect(() => sends.fold(sends.initial({}).snapshot, { type: 'go' })).toThrow(TypeError);
    expect(() => sends.fold(sends.initial({}).snapshot, { type: 'go' })).toThrow(/"send" effect/);
    const inline = new Statechart(createMachine({ invoke: { src: fromPromise(async () => 1) } }));
    expect(() => inline.initial({})).toThrow(/setup\(\{ actors \}\)/);
  });

  it('refuses a restore into a state the machine does not have', () => {
    const chart = new Statechart(createMachine({ initial: 'a', states: { a: {} } }));
    const stored = { ...chart.persist(chart.initial({}).snapshot), value: 'gone' };
    expect(() => chart.restore(stored)).toThrow();
  });

  it('says what the present state accepts', () => {
    const chart = new Statechart(
      createMachine({
        initial: 'a',
        on: { always: { actions: () => {} } },
        states: { a: { on: { b: 'b' }, after: { 10: 'b' } }, b: {} },
      }),
    );
    expect(chart.accepted(chart.initial({}).snapshot)).toEqual(['always', 'b']);
  });
});
