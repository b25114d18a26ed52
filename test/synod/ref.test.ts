import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { type AppError, effects, type Ref } from '../../src/index.ts';
import { FakeClock } from '../support/clock.ts';
import { counter, lookup, openSynod, order, reaches, temporaryDirectory } from './machines.ts';

const ada = { id: 'o-1', input: { customer: 'Ada' } } as const;

describe('ask', () => {
  it('answers with the reply and the state the event left', async () => {
    const clock = new FakeClock();
    const synod = await openSynod({ clock });
    const ref = await synod.spawn(order, ada);
    const { reply, snapshot, repeated } = await ref.ask<number>({ type: 'add', item: 'tea' });
    expect({ reply, repeated }).toEqual({ reply: 1, repeated: false });
    expect(snapshot).toMatchObject({ value: 'open', revision: 2 });
    expect(snapshot.context).toEqual({ customer: 'Ada', items: ['tea'], addedAt: clock.now() });
  });

  it('refuses what the present state does not take, and says what it does', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(order, ada);
    const { snapshot } = await ref.ask({ type: 'pay' });
    expect(snapshot).toMatchObject({ value: 'paid', status: 'done', output: 0 });
    await expect(ref.ask({ type: 'add', item: 'tea' })).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('takes effect once under an idempotency key', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(order, ada);
    const once = () => ref.ask<number>({ type: 'add', item: 'tea' }, { idempotencyKey: 'k-1' });
    expect((await once()).repeated).toBe(false);
    expect(await once()).toMatchObject({ reply: 1, repeated: true });
    expect((await ref.getSnapshot()).context.items).toEqual(['tea']);
  });

  it('fails at its deadline', async () => {
    const asker = setup({ types: {} as { events: { type: 'start' } }, actions: { ...effects } }).createMachine({
      id: 'asker',
      on: {
        start: {
          actions: {
            type: 'ask',
            params: { to: { kind: 'not-yet', id: 'x' }, event: { type: 'go' }, as: 'answer' },
          },
        },
        'answer.*': {},
      } as never,
    });
    const synod = await openSynod();
    const ref = await synod.spawn(asker, { id: 'a' });
    await expect(ref.ask({ type: 'start' }, { deadlineMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE' });
  });

  it('tells: durable once it resolves', async () => {
    const data = temporaryDirectory();
    const synod = await openSynod({ data });
    const ref = await synod.spawn(counter, { id: 'c' });
    await Promise.all(Array.from({ length: 50 }, () => ref.tell({ type: 'increment' })));
    expect((await ref.getSnapshot()).context.count).toBe(50);
  });
});

describe('watch', () => {
  it('sees every durable turn until it is stopped', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    const seen: number[] = [];
    const stop = ref.watch(({ context }) => seen.push(context.count));
    await ref.tell({ type: 'increment' });
    await ref.tell({ type: 'increment' });
    stop();
    await ref.tell({ type: 'increment' });
    expect(seen).toEqual([1, 2]);
  });

  it('goes on when the actor is removed and created anew', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    const seen: number[] = [];
    ref.watch(({ context }) => seen.push(context.count));
    await ref.tell({ type: 'increment' });
    await synod.remove(ref);
    await synod.spawn(counter, { id: 'c' });
    expect(seen).toEqual([1, 0]);
  });

  it('outlives its callback throwing or rejecting', async () => {
    const warnings: string[] = [];
    const logger = { warn: (_: object, message: string) => warnings.push(message), error: () => {} };
    const synod = await openSynod({ logger });
    const ref = await synod.spawn(counter, { id: 'c' });
    const seen: number[] = [];
    ref.watch(() => {
      throw new Error('mine');
    });
    ref.watch(async () => {
      throw new Error('mine as well');
    });
    ref.watch(({ context }) => seen.push(context.count));
    await ref.tell({ type: 'increment' });
    await ref.tell({ type: 'increment' });
    expect(seen).toEqual([1, 2]);
    expect(warnings).toHaveLength(4);
  });
});

describe("an application's machine", () => {
  it('sends messages to other actors, and they arrive', async () => {
    const synod = await openSynod();
    const from = await synod.spawn(counter, { id: 'from' });
    const to = await synod.spawn(counter, { id: 'to' });
    const arrived = reaches(to, ({ context }) => context.count === 1);
    await from.tell({ type: 'forward', to: 'to' });
    await arrived;
  });

  it('invokes promises', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(lookup, { id: 'l' });
    const found = reaches(ref, ({ context }) => context.found !== null);
    await ref.tell({ type: 'search', word: 'tea' });
    expect((await found).context.found).toBe('found tea');
  });

  it('runs actions of its own once the turn is on disk, and not again after a restart', async () => {
    const reads: Promise<unknown>[] = [];
    const machine = setup({
      types: {} as { context: { n: number }; events: { type: 'go' } },
      actions: { readBack: () => void reads.push(ref.getSnapshot()) },
    }).createMachine({
      id: 'reader',
      context: { n: 0 },
      on: { go: { actions: ['readBack', assign({ n: 1 })] } },
    });
    const data = temporaryDirectory();
    const synod = await openSynod({ data });
    const ref: Ref<typeof machine> = await synod.spawn(machine, { id: 'r' });
    await ref.tell({ type: 'go' });
    expect(await Promise.all(reads)).toMatchObject([{ revision: 2, context: { n: 1 } }]);
    await synod.close();

    const again = await openSynod({ data, machines: [machine] });
    expect((await (await again.get(machine, 'r'))?.getSnapshot())?.context.n).toBe(1);
    expect(reads).toHaveLength(1);
  });

  it('is supervised when it crashes: its caller is told, it goes on, nothing else notices', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on('uncaughtException', note).on('unhandledRejection', note);
    onTestFinished(() => void process.off('uncaughtException', note).off('unhandledRejection', note));

    const synod = await openSynod();
    const ref = await synod.spawn(order, ada);
    const other = await synod.spawn(counter, { id: 'c' });
    await ref.tell({ type: 'add', item: 'tea' });
    await expect(ref.ask({ type: 'break' })).rejects.toMatchObject({ code: 'INTERNAL', message: 'internal error' });
    await other.tell({ type: 'increment' });
    const { snapshot } = await ref.ask({ type: 'add', item: 'milk' });
    expect(snapshot.context.items).toEqual(['tea', 'milk']);
    expect(synod.deadLetters()).toMatchObject([{ reason: 'poison', type: 'break', address: { id: 'o-1' } }]);
    // XState reports what nobody observes from a timer, so give it one.
    await wait(20);
    expect(uncaught).toEqual([]);
  });

  it('is quarantined when it crashes too often, and can be released', async () => {
    const clock = new FakeClock();
    const synod = await openSynod({ clock });
    const ref = await synod.spawn(order, ada);
    const asks = Array.from({ length: 4 }, () =>
      ref.ask({ type: 'break' }, { deadlineMs: 60_000 }).catch((e) => e.code),
    );
    for (let i = 0; i < 50; i++) await clock.advance(50);
    expect(await Promise.all(asks)).toContain('QUARANTINED');
    expect(synod.inspect().quarantined).toEqual(['local/order/o-1']);
    await expect(ref.tell({ type: 'pay' })).rejects.toMatchObject({ code: 'QUARANTINED' });
    const seen: unknown[] = [];
    ref.watch(({ value }) => seen.push(value));
    expect(synod.release('order', 'o-1')).toBe(true);
    await ref.tell({ type: 'pay' });
    expect(seen).toEqual(['paid']);
  });

  it('is not harmed by a promise that rejects without anybody listening', async () => {
    const failing = setup({
      types: {} as { events: { type: 'go' } },
      actors: {
        fail: fromPromise<void>(async () => {
          throw new Error('no network');
        }),
      },
    }).createMachine({
      id: 'failing',
      initial: 'idle',
      states: { idle: { on: { go: 'trying' } }, trying: { invoke: { src: 'fail', onError: 'gaveUp' } }, gaveUp: {} },
    });
    const synod = await openSynod();
    const ref = await synod.spawn(failing, { id: 'f' });
    const gaveUp = reaches(ref, ({ value }) => value === 'gaveUp');
    await ref.tell({ type: 'go' });
    await gaveUp;
  });
});

describe('types', () => {
  it('follow the machine', async () => {
    expectTypeOf<Parameters<Ref<typeof order>['ask']>[0]>().toEqualTypeOf<
      | Omit<{ type: 'add'; item: string; at: number }, 'at'>
      | Omit<{ type: 'pay' }, 'at'>
      | Omit<{ type: 'break' }, 'at'>
    >();
    type Seen = Awaited<ReturnType<Ref<typeof order>['getSnapshot']>>;
    expectTypeOf<Seen['value']>().toEqualTypeOf<'open' | 'paid' | 'expired'>();
    expectTypeOf<Seen['context']>().toEqualTypeOf<{ customer: string; items: string[]; addedAt: number }>();
    expectTypeOf<Seen['output']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<AppError['code']>().toExtend<string>();
    const synod = await openSynod();
    expectTypeOf(synod.spawn(order, ada)).resolves.toEqualTypeOf<Ref<typeof order>>();
    expectTypeOf(synod.spawn<typeof order>)
      .parameter(1)
      .toHaveProperty('input');
    expectTypeOf<{ id: string }>().not.toExtend<Parameters<typeof synod.spawn<typeof order>>[1]>();
    expectTypeOf<{ id: string }>().toExtend<Parameters<typeof synod.spawn<typeof counter>>[1]>();
    expectTypeOf<{ type: 'nonsense' }>().not.toExtend<Parameters<Ref<typeof order>['tell']>[0]>();
  });
});
