/** Which signal an event touches: the six rules one by one, over the wire, the same after a restart. */
import { expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { serve, serveAnonymous, tempDir } from '../support/server.ts';
import { post, signals, touches } from './wire.ts';

/** `scope/pattern` of what an event touched. */
const touched = async (client: Client, changes: object) =>
  (await touches(client, changes)).map(({ scope, pattern }) => `${scope}/${pattern}`);

interface Scene {
  /** What happened before, and what it left to name. */
  readonly before: (client: Client) => Promise<object>;
  readonly event: (left: Readonly<Record<string, string>>) => object;
  readonly wanted: readonly string[];
}

const born = async (client: Client, scope: string, action: unknown, trace_id = 'elsewhere') => {
  const [signal] = await touches(client, { scope, trace_id, payload: { action } });
  return signal!.id;
};

const SCENES: Readonly<Record<string, Scene>> = {
  '1: targetSignalId, before a pattern of its own': {
    before: async (client) => ({ id: await born(client, 'crew.research', 'dig') }),
    event: ({ id }) => ({ scope: 'crew.overall', payload: { targetSignalId: id, pattern: 'x', action: 'y' } }),
    wanted: ['crew.research/dig'],
  },
  '1: target_signal_id': {
    before: async (client) => ({ id: await born(client, 'crew.research', 'dig') }),
    event: ({ id }) => ({ scope: 'crew.overall', payload: { target_signal_id: id } }),
    wanted: ['crew.research/dig'],
  },
  '1: an unknown id names nothing, and the next rule decides': {
    before: async () => ({}),
    event: () => ({ scope: 's', payload: { targetSignalId: 'nothing', action: 'y' } }),
    wanted: ['s/y'],
  },
  '2: payload.pattern before payload.action': {
    before: async () => ({}),
    event: () => ({ scope: 's', payload: { pattern: 'x', action: 'y' } }),
    wanted: ['s/x'],
  },
  '2: payload.action in the scope of the event, before its parents': {
    before: async (client) => ({ parent: (await post(client, { scope: 'p', payload: { action: 'x' } })).id }),
    event: ({ parent }) => ({ scope: 's', parent_ids: [parent], payload: { action: 'x' } }),
    wanted: ['s/x'],
  },
  '2: an action that is no text is its JSON': {
    before: async () => ({}),
    event: () => ({ scope: 's', payload: { action: { type: 'move', to: [1, 2] } } }),
    wanted: ['s/{"type":"move","to":[1,2]}'],
  },
  '2: of a long action 256 characters': {
    before: async () => ({}),
    event: () => ({ scope: 's', payload: { action: 'x'.repeat(1_000) } }),
    wanted: [`s/${'x'.repeat(256)}`],
  },
  '3: the signals of its parents, each once, in their scopes': {
    before: async (client) => {
      const a = await post(client, { scope: 'crew.a', payload: { action: 'x' } });
      const b = await post(client, { scope: 'crew.b', payload: { action: 'y' } });
      const again = await post(client, { scope: 'crew.a', type: 'ready', payload: { action: 'x' } });
      return { a: a.id, b: b.id, again: again.id };
    },
    event: ({ a, b, again }) => ({ scope: 'crew.overall', parent_ids: [a, 'nobody', b, again] }),
    wanted: ['crew.a/x', 'crew.b/y'],
  },
  '3: also the ones its parents had from theirs': {
    before: async (client) => {
      const a = await post(client, { scope: 'crew.a', payload: { action: 'x' } });
      const b = await post(client, { scope: 'crew.b', payload: { action: 'y' } });
      return { child: (await post(client, { scope: 'crew.c', parent_ids: [a.id, b.id] })).id };
    },
    event: ({ child }) => ({ scope: 'crew.overall', parent_ids: [child] }),
    wanted: ['crew.a/x', 'crew.b/y'],
  },
  '4: what the last event of its trace and scope touched': {
    before: async (client) => {
      for (const action of ['x', 'y', 'z']) await born(client, 's', action, action === 'z' ? 'other' : 'mine');
      await post(client, { scope: 'elsewhere', trace_id: 'mine', payload: { action: 'q' } });
      return {};
    },
    event: () => ({ scope: 's', trace_id: 'mine', payload: { status: 'done' } }),
    wanted: ['s/y'],
  },
  '5: the only one alive in its scope': {
    before: async (client) => {
      await born(client, 's', 'x');
      await born(client, 's.below', 'y');
      await born(client, 's', 'gone');
      await post(client, { type: 'penalty', scope: 's', payload: { action: 'gone', value: 1 } });
      return {};
    },
    event: () => ({ scope: 's', trace_id: 'new', payload: { status: 'done' } }),
    wanted: ['s/x'],
  },
  '6: default, when there are two': {
    before: async (client) => {
      for (const action of ['x', 'y']) await born(client, 's', action);
      return {};
    },
    event: () => ({ scope: 's', trace_id: 'new' }),
    wanted: ['s/default'],
  },
  '6: default, when there is none': { before: async () => ({}), event: () => ({ scope: 's' }), wanted: ['s/default'] },
};

it.each(
  Object.entries(SCENES).flatMap(([name, scene]) =>
    ['proposal', 'ready', 'test', 'reward'].map((type) => ({ name, scene, type })),
  ),
)('$name ($type)', async ({ scene, type }) => {
  const { anonymous } = await serveAnonymous();
  const left = (await scene.before(anonymous)) as Record<string, string>;
  expect(await touched(anonymous, { type, ...scene.event(left) })).toEqual(scene.wanted);
});

it.each(Object.entries(SCENES))('%s: a penalty as well, unless there is nothing to weaken', async (_, scene) => {
  const { anonymous } = await serveAnonymous();
  const left = (await scene.before(anonymous)) as Record<string, string>;
  const before = new Set((await signals(anonymous)).map(({ scope, pattern }) => `${scope}/${pattern}`));
  const did = await touched(anonymous, { type: 'penalty', payload: {}, ...scene.event(left) });
  expect(did).toEqual(scene.wanted.filter((one) => before.has(one)));
});

it.each(Object.entries(SCENES))('%s, after a restart in between', async (_, scene) => {
  const data = await tempDir();
  const first = await serve({ data, allowAnonymous: true });
  const left = (await scene.before(first.anonymous)) as Record<string, string>;
  const stood = await signals(first.anonymous);
  await first.close();
  const { anonymous } = await serve({ data, allowAnonymous: true });
  const stands = await signals(anonymous);
  expect(stands.map(({ id, last_updated }) => ({ id, last_updated }))).toEqual(
    stood.map(({ id, last_updated }) => ({ id, last_updated })),
  );
  expect(await touched(anonymous, { type: 'reward', ...scene.event(left) })).toEqual(scene.wanted);
});

it('an event that touches nothing is recorded all the same', async () => {
  const { anonymous } = await serveAnonymous();
  const { id } = await post(anonymous, { type: 'penalty', scope: 's' });
  expect(await anonymous.ok('GET', '/api/events/scope/s')).toEqual([expect.objectContaining({ id, type: 'penalty' })]);
  expect(await signals(anonymous)).toEqual([]);
});
