import { expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { defineKind } from '../../actors/kind.ts';
import { at, testSystem } from '../support/system.ts';

type Context = { names: string[] };

const list = (version: number, event: 'add' | 'append') =>
  defineKind({
    name: 'list',
    version,
    machine: setup({ types: {} as { context: Context; events: { type: string; name: string } } }).createMachine({
      context: { names: [] },
      on: { [event]: { actions: assign({ names: ({ context, event: { name } }) => [...context.names, name] }) } },
    }),
    commands: {},
    ...(version > 1 ? { migrations: { 1: (state) => state } } : {}),
    example: { input: {}, events: [] },
  });

it('does not wake an actor whose events its new version no longer takes, instead of forgetting them', async () => {
  const old = await testSystem([list(1, 'add')]);
  await old.system.spawn(at('list', 'a'), {});
  await old.system.ask(at('list', 'a'), { type: 'add', name: 'Ada' });
  await old.stop();

  const renamed = await testSystem([list(2, 'append')], { store: old.store });
  await expect(renamed.system.ask(at('list', 'a'), { type: 'append', name: 'Bob' })).rejects.toMatchObject({
    code: 'CORRUPTED',
    message: expect.stringContaining('replaying revision 2 (add) failed: state {} of version 2 does not take it'),
  });
  await renamed.stop();

  // Nothing was touched: the version that knows the event finds everything.
  const again = await testSystem([list(1, 'add')], { store: old.store }).catch((error: Error) => error);
  expect(again).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('list version 2') });
  const kept = await testSystem([list(2, 'add')], { store: old.store });
  expect(await kept.system.read<Context>(at('list', 'a'))).toMatchObject({ context: { names: ['Ada'] } });
  await kept.stop();
});
