import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assign, setup } from 'xstate';
import { effects } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { counter, openSynod, order, temporaryDirectory } from '../synod/machines.ts';
import { startWorker } from './harness.ts';

/** Whose answer never comes, because whom it asks is not there yet. */
const waiter = setup({ types: {} as { events: { type: 'wait' } }, actions: { ...effects } }).createMachine({
  id: 'waiter',
  on: {
    wait: {
      actions: { type: 'ask', params: { to: { kind: 'not-yet', id: 'x' }, event: { type: 'go' }, as: 'answer' } },
    },
  },
});

const scaler = setup({
  types: {} as { context: { vector: Float32Array }; events: { type: 'set'; vector: Float32Array } },
  actions: { ...effects },
}).createMachine({
  id: 'scaler',
  context: { vector: new Float32Array(0) },
  on: {
    set: {
      actions: [
        assign({ vector: ({ event }) => event.vector.map((x) => x * 2) }),
        { type: 'reply', params: ({ context }) => ({ vector: context.vector }) },
      ],
    },
  },
});

function noteUncaught(): unknown[] {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  onTestFinished(() => void process.off('uncaughtException', note).off('unhandledRejection', note));
  return uncaught;
}

describe('a worker thread', () => {
  it('asks, and what was answered is durable', async () => {
    const data = temporaryDirectory();
    const synod = await openSynod({ data, machines: [order] });
    const { run } = await startWorker(synod);
    await run('spawn', 'order', { id: 'o', input: { customer: 'Ada' } });
    expect(await run('ask', 'order', 'o', { type: 'add', item: 'tea' })).toMatchObject({
      reply: 1,
      repeated: false,
      snapshot: { value: 'open', revision: 2, context: { customer: 'Ada', items: ['tea'] } },
    });
    await run('tell', 'order', 'o', { type: 'pay' });
    expect(await run('getSnapshot', 'order', 'o')).toMatchObject({ status: 'done', output: 1 });
    await synod.close();
    const after = await openSynod({ data, machines: [order] });
    expect(await (await after.get(order, 'o'))?.getSnapshot()).toMatchObject({ value: 'paid' });
  });

  it('has 64 calls under way at once, each with its own answer', async () => {
    const synod = await openSynod({ machines: [order] });
    const { run } = await startWorker(synod);
    await run('spawn', 'order', { id: 'o', input: { customer: 'Ada' } });
    const asked = Array.from({ length: 64 }, (_, i) =>
      run<{ reply: number }>('ask', 'order', 'o', { type: 'add', item: `${i}` }),
    );
    const replies = (await Promise.all(asked)).map(({ reply }) => reply);
    expect(replies).toEqual(Array.from({ length: 64 }, (_, i) => i + 1));
  });

  it('reaches sessions by the operations of the REST reference', async () => {
    const synod = await openSynod();
    const { run } = await startWorker(synod);
    await run('call', 'session.create', { body: { session_id: 'ada' } });
    const body = { session_id: 'ada', message: 'Which port?', response: 'Port 8080.' };
    expect(await run('call', 'session.store', { body }, { idempotencyKey: 'k' })).toMatchObject({ stored: true });
    expect(await (await synod.session('ada')).metrics()).toMatchObject({ total_memories: 1 });
  });

  it('sends and gets typed arrays', async () => {
    const synod = await openSynod({ machines: [scaler] });
    const { run } = await startWorker(synod);
    await run('spawn', 'scaler', { id: 's' });
    const answered = await run('ask', 'scaler', 's', { type: 'set', vector: Float32Array.of(1, 2) });
    expect(answered).toMatchObject({
      reply: { vector: Float32Array.of(2, 4) },
      snapshot: { context: { vector: Float32Array.of(2, 4) } },
    });
  });

  it('watches until it stops, and its callback may fail', async () => {
    const synod = await openSynod({ machines: [counter] });
    const { run, seen, warnings } = await startWorker(synod);
    const ref = await synod.spawn(counter, { id: 'c' });
    await run('watch', 'mine', 'counter', 'c');
    await run('watchBadly', 'counter', 'c');
    await ref.tell({ type: 'increment' });
    await eventually(() => {
      expect(seen.map(({ snapshot }) => snapshot.context)).toEqual([{ count: 1 }]);
      expect(warnings).toEqual(['SynodWarning: a watch callback failed: mine']);
    });
    await run('stop', 'mine');
    await ref.tell({ type: 'increment' });
    await run('getSnapshot', 'counter', 'c');
    expect(seen).toHaveLength(1);
  });

  it('ends by itself when it has nothing to do', async () => {
    const synod = await openSynod({ machines: [counter] });
    const { run, worker } = await startWorker(synod);
    await run('spawn', 'counter', { id: 'c' });
    const ended = once(worker, 'exit');
    await run('idle');
    expect(await ended).toEqual([0]);
  });

  it('that watches ends by itself when the system closes', async () => {
    const synod = await openSynod({ machines: [counter] });
    const { run, worker } = await startWorker(synod);
    await run('spawn', 'counter', { id: 'c' });
    await run('watch', 'mine', 'counter', 'c');
    const ended = once(worker, 'exit');
    await run('idle');
    await synod.close();
    expect(await ended).toEqual([0]);
  });
});

describe('trouble', () => {
  it.each([
    ['an unknown kind', 'ask', ['nowhere', 'x', { type: 'go' }], { code: 'NOT_FOUND' }],
    ['an absent actor', 'getSnapshot', ['order', 'x'], { code: 'NOT_FOUND', message: 'order "x" not found' }],
    [
      'a refused event',
      'tell',
      ['order', 'o', { type: 'fly' }],
      { code: 'REFUSED', details: { state: 'open', accepts: expect.any(Array) } },
    ],
    ['a crash', 'ask', ['order', 'o', { type: 'break' }], { code: 'INTERNAL', message: 'internal error' }],
    ['a bad id', 'spawn', ['order', { id: '' }], { code: 'INVALID' }],
    ['an unknown operation', 'call', ['session.explode'], { code: 'NOT_FOUND' }],
    [
      'an input of the wrong shape',
      'call',
      ['session.run', { body: { message: 1 } }],
      { code: 'INVALID', details: [expect.objectContaining({ loc: ['body', 'message'] })] },
    ],
  ] as const)('keeps its code: %s', async (_, method, args, error) => {
    const synod = await openSynod({ machines: [order] });
    await synod.spawn(order, { id: 'o', input: { customer: 'Ada' } });
    const { run } = await startWorker(synod);
    await expect(run(method, ...args)).rejects.toMatchObject({ name: 'AppError', ...error });
  });

  it('is a deadline when no answer comes', async () => {
    const synod = await openSynod({ machines: [waiter] });
    const { run } = await startWorker(synod, { deadlineMs: 50 });
    await run('spawn', 'waiter', { id: 'w' }, { deadlineMs: 5_000 });
    await expect(run('ask', 'waiter', 'w', { type: 'wait' })).rejects.toMatchObject({ code: 'DEADLINE' });
    await expect(run('ask', 'waiter', 'w', { type: 'wait' }, { deadlineMs: 20 })).rejects.toMatchObject({
      code: 'DEADLINE',
    });
  });

  it('is told to a worker that waits while the system closes, and ever after', async () => {
    const uncaught = noteUncaught();
    const synod = await openSynod({ machines: [waiter] });
    const { run } = await startWorker(synod, { deadlineMs: 30_000 });
    await run('spawn', 'waiter', { id: 'w' });
    const waiting = run('ask', 'waiter', 'w', { type: 'wait' });
    const ref = (await synod.get(waiter, 'w'))!;
    await eventually(async () => expect((await ref.getSnapshot()).revision).toBe(2));
    const told = expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await synod.close();
    await told;
    await expect(run('getSnapshot', 'waiter', 'w')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(uncaught).toEqual([]);
  });

  it('answers what was still worked off while the system closes', async () => {
    const synod = await openSynod({ machines: [counter], data: temporaryDirectory() });
    const { run } = await startWorker(synod);
    await run('spawn', 'counter', { id: 'c' });
    const asked = run('tell', 'counter', 'c', { type: 'increment' });
    const ref = (await synod.get(counter, 'c'))!;
    await new Promise<void>((resolve) => {
      ref.watch(() => resolve(synod.close()));
    });
    await asked;
  });

  it.each(['terminate', 'exit'] as const)('of a worker that dies (%s) is its own', async (how) => {
    const uncaught = noteUncaught();
    const synod = await openSynod({ machines: [waiter, counter] });
    const { run, worker } = await startWorker(synod);
    await run('spawn', 'waiter', { id: 'w' });
    await run('spawn', 'counter', { id: 'c' });
    await run('watch', 'mine', 'counter', 'c');
    run('ask', 'waiter', 'w', { type: 'wait' }).catch(() => {});
    const half = Array.from({ length: 10 }, () => run('tell', 'counter', 'c', { type: 'increment' }));
    await half[0];
    const exited = once(worker, 'exit');
    if (how === 'terminate') void worker.terminate();
    else run('exit').catch(() => {});
    await exited;
    const ref = (await synod.get(counter, 'c'))!;
    await ref.tell({ type: 'increment' });
    await ref.tell({ type: 'increment' });
    expect((await ref.getSnapshot()).context.count).toBeGreaterThanOrEqual(3);
    const { run: next } = await startWorker(synod);
    await next('tell', 'counter', 'c', { type: 'increment' });
    await synod.close();
    expect(uncaught).toEqual([]);
  });

  it('is said at once when a worker closed its own end', async () => {
    const synod = await openSynod({ machines: [counter] });
    const { run } = await startWorker(synod);
    await run('close');
    await expect(run('spawn', 'counter', { id: 'c' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
