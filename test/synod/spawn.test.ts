import { describe, expect, it } from 'vitest';
import { assign, createMachine, setup } from 'xstate';
import { counter, openSynod, order, temporaryDirectory } from './machines.ts';

describe('spawn', () => {
  it('creates an actor from its input', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(order, { id: 'o-1', input: { customer: 'Ada' } });
    expect({ kind: ref.kind, id: ref.id }).toEqual({ kind: 'order', id: 'o-1' });
    expect(await ref.getSnapshot()).toMatchObject({
      value: 'open',
      context: { customer: 'Ada', items: [] },
      status: 'active',
      output: undefined,
      revision: 1,
    });
  });

  it('finds an existing actor and leaves it as it is', async () => {
    const synod = await openSynod();
    await synod.spawn(order, { id: 'o-1', input: { customer: 'Ada' } });
    const again = await synod.spawn(order, { id: 'o-1', input: { customer: 'Bob' } });
    expect((await again.getSnapshot()).context.customer).toBe('Ada');
  });

  it('gives one actor to callers who spawn it in the same moment', async () => {
    const synod = await openSynod();
    const refs = await Promise.all(Array.from({ length: 20 }, () => synod.spawn(counter, { id: 'c' })));
    await Promise.all(refs.map((ref) => ref.tell({ type: 'increment' })));
    expect((await refs[0]!.getSnapshot()).context.count).toBe(20);
  });

  it('takes the name of a kind that is known', async () => {
    const synod = await openSynod({ machines: [counter] });
    const ref = await synod.spawn('counter', { id: 'c' });
    await ref.tell({ type: 'increment' });
    expect((await ref.getSnapshot()).context).toEqual({ count: 1 });
  });

  it('says which kind it does not know', async () => {
    const synod = await openSynod();
    await expect(synod.spawn('unheard-of', { id: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gets what exists and nothing else, and removes it', async () => {
    const synod = await openSynod();
    expect(await synod.get(counter, 'c')).toBeUndefined();
    const ref = await synod.spawn(counter, { id: 'c' });
    expect((await synod.get(counter, 'c'))?.id).toBe('c');
    expect(await synod.remove(ref)).toBe(true);
    expect(await synod.remove(ref)).toBe(false);
    expect(await synod.get(counter, 'c')).toBeUndefined();
    await expect(ref.getSnapshot()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('creates a removed actor anew', async () => {
    const synod = await openSynod();
    const ref = await synod.spawn(counter, { id: 'c' });
    await ref.tell({ type: 'increment' });
    await synod.remove(ref);
    const next = await synod.spawn(counter, { id: 'c' });
    expect((await next.getSnapshot()).context.count).toBe(0);
  });
});

describe('a machine that cannot become a kind', () => {
  it.each([
    ['no id', createMachine({}), /kebab-case|createMachine\(\{ id \}\)/],
    ['capitals', createMachine({ id: 'MyOrder' }), /"MyOrder" cannot name a kind/],
    ['a slash', createMachine({ id: 'a/b' }), /cannot name a kind/],
    ['a built-in name', createMachine({ id: 'session' }), /"session" is the name of a built-in kind/],
    ["the runtime's own name", createMachine({ id: 'synod' }), /runtime's own/],
  ])('is refused with a sentence: %s', async (_, machine, sentence) => {
    const synod = await openSynod();
    await expect(synod.spawn(machine, { id: 'x' })).rejects.toThrow(TypeError);
    await expect(synod.spawn(machine, { id: 'x' })).rejects.toThrow(sentence);
    await expect(openSynod({ machines: [machine] })).rejects.toThrow(sentence);
  });

  it('is refused when its id belongs to another machine', async () => {
    const synod = await openSynod({ machines: [counter] });
    const twin = createMachine({ id: 'counter' });
    await expect(synod.spawn(twin, { id: 'x' })).rejects.toThrow(/"counter" belongs to another machine/);
  });

  it.each([
    ['', 'empty'],
    ['x'.repeat(301), '300'],
    ['a\u0000b', 'NUL'],
  ])('has no actor with id %j', async (id, why) => {
    const synod = await openSynod();
    await expect(synod.spawn(counter, { id })).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringContaining(why),
    });
  });
});

describe('versions', () => {
  const first = setup({
    types: {} as { context: { names: string }; events: { type: 'add'; name: string } },
  }).createMachine({
    id: 'guest-list',
    context: { names: 'Ada' },
    on: { add: { actions: assign({ names: ({ context, event }) => `${context.names},${event.name}` }) } },
  });
  const second = setup({
    types: {} as { context: { names: string[] }; events: { type: 'add'; name: string } },
  }).createMachine({
    id: 'guest-list',
    context: { names: [] },
    on: { add: { actions: assign({ names: ({ context, event }) => [...context.names, event.name] }) } },
  });
  const split = (state: { context: unknown }) => ({
    ...state,
    context: { names: (state.context as { names: string }).names.split(',') },
  });
  const renewed = { machine: second, version: 2, migrations: { 1: split as never } };

  it('carries old state over with its migration', async () => {
    const data = temporaryDirectory();
    const before = await openSynod({ data });
    const old = await before.spawn(first, { id: 'party' });
    // Enough for a stored snapshot; what comes behind one is folded by the new machine.
    const guests = Array.from({ length: 600 }, (_, i) => `guest ${i}`);
    await Promise.all(guests.map((name) => old.tell({ type: 'add', name })));
    await before.close();

    const after = await openSynod({ data, machines: [renewed] });
    const ref = await after.spawn(second, { id: 'party' });
    const { snapshot } = await ref.ask({ type: 'add', name: 'Cleo' });
    expect(snapshot.context.names).toEqual(['Ada', ...guests, 'Cleo']);
  });

  it('wants a migration for every step', async () => {
    await expect(openSynod({ machines: [{ machine: second, version: 2 }] })).rejects.toThrow(/no migration from/);
  });

  it('refuses data of a newer version, at the start or at the first spawn', async () => {
    const data = temporaryDirectory();
    const before = await openSynod({ data, machines: [renewed] });
    await before.close();
    await expect(openSynod({ data, machines: [first] })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const late = await openSynod({ data });
    await expect(late.spawn(first, { id: 'party' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
