/** A delivery that waits for room is for the webhook as it is when its turn comes. */
import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../support/clock.ts';
import { type World, world } from './harness.ts';
import { receiver, until } from './receiver.ts';

const patch = (there: World, id: string, body: object) => there.call('webhooks.update', { path: { id }, body });

describe('a delivery that waits for room', () => {
  /** One whose turn comes when `go` is called: until then others of its tenant have all places. */
  async function waiting() {
    const held: ServerResponse[] = [];
    const slow = await receiver((_received, response) => void held.push(response));
    const there = await receiver();
    const one = await world({ clock: new FakeClock(Date.now()) });
    for (let i = 0; i < 32; i++) await one.hook({ url: slow.url, scopes: ['slow'] });
    await one.post('slow');
    await until(() => held.length === 32);
    const { id, secret } = await one.hook({ url: there.url, scopes: ['fast'] });
    await one.post('fast');
    await settle(50);
    const go = async () => {
      for (const response of held) response.writeHead(204).end();
      await until(() => one.runtime.services.webhooks.inspect().running === 0);
      await settle(50);
    };
    return { one, there, id, secret, go };
  }

  it('is made when nothing else happens', async () => {
    const { one, there, id, go } = await waiting();
    expect(there.received).toEqual([]);
    await go();
    await one.settled(id);
    expect(there.received).toHaveLength(1);
  });

  it('is not made once the webhook was stopped', async () => {
    const { one, there, id, go } = await waiting();
    await patch(one, id, { active: false });
    await go();
    expect(there.received).toEqual([]);
    await patch(one, id, { active: true });
    await one.settled(id);
    expect(there.received).toHaveLength(1);
  });

  it('is not made once the webhook was deleted', async () => {
    const { one, there, id, go } = await waiting();
    await one.call('webhooks.delete', { path: { id } });
    await go();
    expect(there.received).toEqual([]);
    expect(one.logged).toEqual([]);
  });

  it('goes to the new receiver, signed with the new secret', async () => {
    const { one, there, id, secret, go } = await waiting();
    const next = await receiver();
    await patch(one, id, { url: next.url });
    const body = { grace_seconds: 0 };
    const rotated = await one.call<{ secret: string }>('webhooks.rotate', { path: { id }, body });
    await go();
    await one.settled(id);
    expect(there.received).toEqual([]);
    const [{ text, headers }] = next.received as [(typeof next.received)[number]];
    expect(() => new Webhook(rotated.secret).verify(text, { ...headers })).not.toThrow();
    expect(() => new Webhook(secret).verify(text, { ...headers })).toThrow(/signature/);
  });

  it('made up to try the webhook out is for the receiver it has by then, or for nobody', async () => {
    const { one, there, id, go } = await waiting();
    const next = await receiver();
    const gone = await one.hook({ url: there.url, active: false });
    const tried = one.call('webhooks.test', { path: { id } });
    const triedGone = one.call('webhooks.test', { path: { id: gone.id } });
    const refused = expect(triedGone).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'Webhook not found' });
    await settle(50);
    await patch(one, id, { url: next.url });
    await one.call('webhooks.delete', { path: { id: gone.id } });
    await go();
    expect(await tried).toMatchObject({ delivered: true });
    await refused;
    expect(there.received).toEqual([]);
    expect(next.received.map(({ body }) => body.data.type)).toContain('test');
  });
});
