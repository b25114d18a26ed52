import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import {
  type Output,
  SEMPClient,
  type SempEvent,
  type SempEventInput,
  type SempSignal,
} from '../../src/client/index.ts';
import { serve, serveAnonymous } from '../support/server.ts';

const proposal: SempEventInput = {
  type: 'proposal',
  scope: 'ui.login',
  trace_id: 'trace-001',
  agent_id: 'my-agent',
  payload: { action: 'improve_ux' },
};

function clientOf(url: string, token?: string): SEMPClient {
  const client = new SEMPClient(url, { ...(token === undefined ? {} : { token }) });
  onTestFinished(() => client.close());
  return client;
}

describe('the SEMP client', () => {
  it('posts and reads events and signals', async () => {
    const client = clientOf((await serveAnonymous()).url);
    const event = await client.createEvent(proposal);
    expect(event).toMatchObject({ ...proposal, parent_ids: [] });
    const answer = await client.createEvent({ ...proposal, type: 'READY', scope: 'ui/a b', parent_ids: [event.id] });
    expect(answer).toMatchObject({ type: 'ready', parent_ids: [event.id] });
    expect(await client.getEvents()).toEqual([answer, event]);
    expect(await client.getEventsByScope('ui.login')).toEqual([event]);
    expect(await client.getEventsByScope('ui/a b')).toEqual([answer]);
    expect(await client.getEventsByTrace('trace-001')).toEqual([answer, event]);
    const signals = await client.getSignals();
    expect(signals).toContainEqual(expect.objectContaining({ scope: 'ui.login', pattern: 'improve_ux', alpha: 1.2 }));
    expect(Object.keys(signals[0]!).sort()).toEqual([
      'alpha',
      'id',
      'lambda',
      'last_updated',
      'pattern',
      'scope',
      'strength',
    ]);
    expectTypeOf<Output<'events.create'>>().toExtend<SempEvent>();
    expectTypeOf<Output<'signals.list'>[number]>().toExtend<SempSignal>();
  });

  it('finds one event, and one signal, or null', async () => {
    const client = clientOf((await serveAnonymous()).url);
    const event = await client.createEvent(proposal);
    expect(await client.getEvent(event.id)).toEqual(event);
    expect(await client.getEvent('5b8ad3ac-8ee9-4a3c-9f0f-0d2f0c6f5f10')).toBeNull();
    expect(await client.getSignal('ui.login', 'improve_ux')).toMatchObject({ scope: 'ui.login', lambda: 0.95 });
    expect(await client.getSignal('ui.login', 'nothing')).toBeNull();
  });

  it('asks for some events and signals', async () => {
    const client = clientOf((await serveAnonymous()).url);
    for (const scope of ['ui.a', 'ui.b', 'api.a']) await client.createEvent({ ...proposal, scope });
    const [newest, older] = await client.getEvents({ scope: 'ui.*', limit: 2 });
    expect([newest?.scope, older?.scope]).toEqual(['ui.b', 'ui.a']);
    expect(await client.getEvents({ before: newest!.id })).toEqual([older]);
    expect(await client.getSignals({ scope: 'api.a', min_strength: 0.1 })).toMatchObject([{ scope: 'api.a' }]);
  });

  it('lays a signal down without a scope, a trace or an agent', async () => {
    const client = clientOf((await serveAnonymous()).url);
    const event = await client.signal({ type: 'PROPOSAL', payload: { action: 'improve_ux' }, strength: 1.0 });
    expect(event).toMatchObject({ type: 'proposal', scope: 'default', trace_id: 'default', agent_id: 'default' });
    expect(await client.getSignal('default', 'improve_ux')).not.toBeNull();
  });

  it('takes the URL with and without /api', async () => {
    const { url } = await serveAnonymous();
    for (const base of [url, `${url}/`, `${url}/api`, `${url}/api/`])
      expect(await clientOf(base).getEvents()).toEqual([]);
  });

  it('throws what the server says, in the published words', async () => {
    const client = clientOf((await serveAnonymous()).url);
    const wrong = { ...proposal, type: 'shout' } as unknown as SempEventInput;
    await expect(client.createEvent(wrong)).rejects.toMatchObject({
      status: 400,
      code: 'INVALID',
      message: 'Validation error: Invalid event type',
    });
  });

  it('hears what others post, and nothing of other tenants', async () => {
    const server = await serve();
    const tokenOf = async (name: string) => (await server.as(name)).headers.authorization!.replace('Bearer ', '');
    const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')];
    const listening = clientOf(server.url, ada);
    const heard = await new Promise<SempEvent>((resolve) => {
      listening.on('event', resolve).on('open', async () => {
        await clientOf(server.url, bob).createEvent(proposal);
        await clientOf(server.url, ada).createEvent({ ...proposal, scope: 'mine' });
      });
    });
    expect(heard).toMatchObject({ scope: 'mine', type: 'proposal', parent_ids: [] });
  });

  it('listens to what it is told to, until it is told to stop', async () => {
    const client = clientOf((await serveAnonymous()).url);
    const [first, second]: [string[], string[]] = [[], []];
    const one = ({ scope }: SempEvent) => void first.push(scope);
    const opened = new Promise<void>((resolve) => client.on('open', resolve));
    const heard = (scope: string) =>
      new Promise<void>((resolve) => {
        const listener = (event: SempEvent) => {
          if (event.scope !== scope) return;
          client.off('event', listener);
          resolve();
        };
        client.on('event', listener);
      });
    client.on('event', one).on('event', ({ scope }) => void second.push(scope));
    await opened;
    await Promise.all([heard('a'), client.createEvent({ ...proposal, scope: 'a' })]);
    client.off('event', one);
    await Promise.all([heard('b'), client.createEvent({ ...proposal, scope: 'b' })]);
    expect([first, second]).toEqual([['a'], ['a', 'b']]);
  });
});
