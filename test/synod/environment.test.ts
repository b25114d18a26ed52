/** Events and signals from inside a process: the operations of REST by shorter names, and events as they come. */
import { expect, it } from 'vitest';
import type { EventDraft } from '../../src/index.ts';
import { openSynod, temporaryDirectory } from './machines.ts';

const draft = (changes: Partial<EventDraft> = {}): EventDraft => ({
  type: 'proposal',
  scope: 'ui.login',
  trace_id: 't',
  agent_id: 'ada',
  payload: { action: 'improve_ux' },
  ...changes,
});

it('keeps events and what they do to signals, also over a restart', async () => {
  const data = temporaryDirectory();
  const before = await openSynod({ data });
  const proposal = await before.environment().post(draft());
  const reward = await before.environment().post(draft({ type: 'reward', payload: { value: 0.5 } }));
  await before.close();

  const synod = await openSynod({ data });
  const environment = synod.environment();
  expect(await environment.events()).toEqual([reward, proposal]);
  expect(await environment.events({ scope: 'ui.*', type: ['reward'], order: 'asc' })).toEqual([reward]);
  expect(await environment.event(proposal.id)).toEqual(proposal);
  expect(await environment.event(crypto.randomUUID())).toBeUndefined();
  const [signal] = await environment.signals({ min_strength: 0.5 });
  expect(signal).toMatchObject({ scope: 'ui.login', pattern: 'improve_ux' });
  expect(signal!.strength).toBeCloseTo(0.9, 2);
  expect((await environment.signal('ui.login', 'improve_ux'))?.id).toBe(signal!.id);
  expect(await environment.signal('ui.login', 'nothing')).toBeUndefined();
  await synod.close();
});

it('takes a key: the same one has one effect', async () => {
  const synod = await openSynod();
  const environment = synod.environment();
  const post = () => environment.post(draft({ type: 'reward', payload: { value: 0.1 } }), { idempotencyKey: 'k' });
  expect(await post()).toEqual(await post());
  expect(await environment.events()).toHaveLength(1);
  await synod.close();
});

it('lets agents listen to a part of it, in order, until they close', async () => {
  const synod = await openSynod();
  const environment = synod.environment();
  const heard = environment.listen({ scopes: ['ui.*'], types: ['proposal', 'ready'] });
  const posted = [
    await environment.post(draft()),
    await environment.post(draft({ scope: 'api.users' })),
    await environment.post(draft({ type: 'test' })),
    await environment.post(draft({ type: 'ready', scope: 'ui.logout.form' })),
  ];
  const events = [];
  for await (const event of heard) if (events.push(event) === 2) heard.close();
  expect(events).toEqual([posted[0], posted[3]]);
  await synod.close();
});

it('says what is wrong with an event, and keeps nothing of it', async () => {
  const synod = await openSynod();
  const environment = synod.environment();
  await expect(environment.post(draft({ type: 'applause' as 'reward' }))).rejects.toMatchObject({
    code: 'INVALID',
    message: 'Invalid event type',
  });
  expect(await environment.events()).toEqual([]);
  await synod.close();
});
