/** A webhook over time: disabled and enabled again, rotated, changed, deleted, and through restarts. */
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { deliveryId } from '../../src/webhooks/signature.ts';
import { FakeClock } from '../support/clock.ts';
import { controlledStore } from '../support/stores.ts';
import { type World, world } from './harness.ts';
import { receiver, status, until } from './receiver.ts';

const ids = (there: { received: readonly { body: { data: { id: string } } }[] }) =>
  there.received.map(({ body }) => body.data.id);

const state = (there: World, id: string) => there.call<Record<string, unknown>>('webhooks.get', { path: { id } });
const patch = (there: World, id: string, body: object) => there.call('webhooks.update', { path: { id }, body });

describe('a receiver that is gone', () => {
  it('disables its webhook at once with a 410, and gets what it missed when it is back', async () => {
    const there = await receiver(status(410));
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    const missed = [await one.post(), await one.post()];
    await until(async () => (await state(one, id)).active === false);
    expect(await state(one, id)).toMatchObject({ status: 'disabled', disabled_reason: 'gone' });
    expect(one.logged).toContainEqual(expect.objectContaining({ message: 'webhook disabled' }));
    await one.clock.advance(60_000);
    expect(there.received).toHaveLength(1);

    there.answer = status(200);
    missed.push(await one.post());
    await patch(one, id, { active: true });
    await one.settled(id);
    expect(ids(there).slice(1)).toEqual(missed);
    expect(await state(one, id)).toMatchObject({ status: 'active', disabled_reason: null, consecutive_failures: 0 });
  });

  it('disables its webhook when fifty deliveries failed in a row', { timeout: 120_000 }, async () => {
    const there = await receiver(status(502));
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    for (let i = 0; i < 52; i++) await one.post();
    await one.pass(async () => (await one.webhook(id)).disabled !== null, 1_000);
    expect(await state(one, id)).toMatchObject({ disabled_reason: 'failures', consecutive_failures: 50 });
    expect(there.received).toHaveLength(250);
    await one.clock.advance(60_000);
    expect(there.received).toHaveLength(250);
  });
});

describe('a webhook that was stopped', () => {
  it('goes on from where it stopped', async () => {
    const there = await receiver();
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    await patch(one, id, { active: false });
    const missed = [await one.post(), await one.post()];
    await one.clock.advance(1_000);
    expect(there.received).toEqual([]);
    await patch(one, id, { active: true });
    await one.settled(id);
    expect(ids(there)).toEqual(missed);
  });

  it('goes on from now where that is wanted', async () => {
    const there = await receiver();
    const one = await world();
    const { id } = await one.hook({ url: there.url, active: false });
    await one.post();
    await patch(one, id, { active: true, skip_missed: true });
    const next = await one.post();
    await one.settled(id);
    expect(ids(there)).toEqual([next]);
  });
});

describe('a webhook that is changed', () => {
  it('goes to the new receiver at once, with the event the old one did not take', async () => {
    const [old, next] = [await receiver(status(500)), await receiver()];
    const one = await world();
    const { id } = await one.hook({ url: old.url });
    const event = await one.post();
    await until(async () => (await one.webhook(id)).pending !== null);
    await patch(one, id, { url: next.url });
    await one.settled(id);
    expect(ids(next)).toEqual([event]);
    expect(next.received[0]?.headers['webhook-id']).toBe(old.received[0]?.headers['webhook-id']);
  });

  it.each([410, 500])('is not charged with the %i of the receiver it had before', async (code) => {
    let answer: (() => void) | undefined;
    const old = await receiver((received, response, request) => {
      answer = () => status(code)(received, response, request);
    });
    const next = await receiver();
    const one = await world();
    const { id } = await one.hook({ url: old.url });
    const event = await one.post();
    await until(() => answer !== undefined);
    await patch(one, id, { url: next.url });
    answer?.();
    // At once: time stands still here.
    await one.settled(id);
    expect(ids(next)).toEqual([event]);
    expect(await state(one, id)).toMatchObject({ status: 'active', failed_total: 0, delivered_total: 1 });
    expect((await one.deliveries(id)).map(({ status: found, outcome }) => [found, outcome])).toEqual([
      [204, 'delivered'],
      [code, 'retrying'],
    ]);
  });

  it('stays enabled by its owner when a 410 from before arrives', async () => {
    let answer: (() => void) | undefined;
    const there = await receiver((received, response, request) => {
      answer = () => status(410)(received, response, request);
    });
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    const event = await one.post();
    await until(() => answer !== undefined);
    await patch(one, id, { active: false });
    await patch(one, id, { active: true });
    there.answer = status(204);
    answer?.();
    await one.settled(id);
    expect(await state(one, id)).toMatchObject({ status: 'active', delivered_total: 1 });
    expect(ids(there)).toEqual([event, event]);
  });

  it('goes by its new filter, also for events it has not come to yet', async () => {
    const there = await receiver(status(500));
    const one = await world();
    const { id } = await one.hook({ url: there.url, scopes: ['api.*'] });
    await one.post('ui.login');
    await one.post('api.users');
    await until(async () => (await one.webhook(id)).pending !== null);
    const wanted = await one.post('ui.last', 'reward');
    there.answer = status(204);
    await patch(one, id, { scopes: ['ui.*'], events: ['reward'] });
    await one.settled(id);
    expect(ids(there).slice(1)).toEqual([wanted]);
  });

  it('sends nothing once it is deleted', async () => {
    const there = await receiver(status(500));
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    await one.post();
    await until(async () => (await one.webhook(id)).pending !== null);
    await one.call('webhooks.delete', { path: { id } });
    await one.post();
    await one.clock.advance(60_000);
    expect(there.received).toHaveLength(1);
    await expect(state(one, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(one.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('a rotation', () => {
  it('signs with both secrets until the old one expires', async () => {
    const there = await receiver();
    const one = await world({ clock: new FakeClock(Date.now()) });
    const { id, secret: old } = await one.hook({ url: there.url });
    const rotated = await one.call<{ secret: string; previous_secret_expires_at: string }>('webhooks.rotate', {
      path: { id },
      body: { grace_seconds: 60 },
    });
    const { secret } = rotated;
    expect(secret).not.toBe(old);
    expect(Date.parse(rotated.previous_secret_expires_at)).toBe(one.clock.now() + 60_000);
    await one.post();
    await one.settled(id);
    const check = (which: string, n: number) =>
      new Webhook(which).verify(there.received[n]!.text, { ...there.received[n]!.headers });
    expect(check(secret, 0)).toEqual(check(old, 0));
    expect(there.received[0]!.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);

    await one.clock.advance(61_000);
    await one.post();
    await one.settled(id);
    expect(() => check(secret, 1)).not.toThrow();
    expect(() => check(old, 1)).toThrow(/signature/);
    expect(await state(one, id)).toMatchObject({ previous_secret_expires_at: null });
  });

  it('can end the old secret at once, and take a secret the owner chose', async () => {
    const there = await receiver();
    const one = await world({ clock: new FakeClock(Date.now()) });
    const own = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const { id, secret: old } = await one.hook({ url: there.url });
    const body = { grace_seconds: 0, secret: own };
    expect(await one.call('webhooks.rotate', { path: { id }, body })).toEqual({
      id,
      secret: own,
      previous_secret_expires_at: null,
    });
    await one.post();
    await one.settled(id);
    const { text, headers } = there.received[0]!;
    expect(() => new Webhook(own).verify(text, { ...headers })).not.toThrow();
    expect(() => new Webhook(old).verify(text, { ...headers })).toThrow(/signature/);
  });
});

describe('a stop', () => {
  const waits = (one: World) => one.logged.filter(({ message }) => message === 'waiting for webhook deliveries');

  it('says what it waits for', async () => {
    const there = await receiver(() => {});
    const one = await world();
    for (let i = 0; i < 3; i++) await one.hook({ url: there.url });
    await one.post();
    await until(() => there.received.length === 3);
    const closed = one.close();
    await until(() => waits(one).length > 0);
    expect(waits(one)).toEqual([expect.objectContaining({ level: 'warn', facts: { underWay: 3, atMostMs: 3_000 } })]);
    await there.close();
    await closed;
  });

  it('breaks off what is only tried out', async () => {
    const there = await receiver(() => {});
    const one = await world();
    const { id } = await one.hook({ url: there.url, active: false });
    const tried = expect(one.call('webhooks.test', { path: { id } })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await until(() => there.received.length === 1);
    await one.close();
    await tried;
  });

  it('that waits for nothing says nothing', async () => {
    const there = await receiver();
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    await one.post();
    await one.settled(id);
    await one.close();
    expect(waits(one)).toEqual([]);
  });
});

describe('a restart', () => {
  it('delivers what was posted before, to every tenant', async () => {
    const there = await receiver(() => {});
    const one = await world();
    const hooks: string[] = [];
    for (const tenant of ['ada', 'bob', 'cy']) {
      const call = one.as(tenant);
      const { id } = await call<{ id: string }>('webhooks.create', { body: { url: there.url } });
      hooks.push(id);
      const body = { type: 'ready', scope: 'ui', trace_id: 't', agent_id: tenant, payload: {} };
      await call('events.create', { body });
    }
    await until(() => there.received.length === 3);
    // What hangs is broken off with the runtime, and counts for nothing.
    await one.close();
    there.answer = status(204);
    const again = await world({ store: one.store, clock: one.clock });
    await until(() => there.received.length === 6);
    const seen = there.received.map(({ body, headers }) => [body.webhook_id, headers['webhook-id']].join());
    expect(seen.slice(3).sort()).toEqual(seen.slice(0, 3).sort());
    expect(new Set(there.received.map(({ body }) => body.webhook_id))).toEqual(new Set(hooks));
    await again.close();
  });

  it('goes on with the attempts of a delivery, under the same id, when they are due', async () => {
    const there = await receiver(status(500));
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    const event = await one.post();
    await one.pass(async () => (await one.webhook(id)).pending?.attempts === 2);
    const { dueAt } = (await one.webhook(id)).pending!;
    await one.close();
    there.answer = status(204);
    const clock = new FakeClock(one.clock.now());
    const again = await world({ store: one.store, clock });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(there.received).toHaveLength(2);
    await again.pass(() => there.received.length === 3);
    expect(clock.now()).toBeGreaterThanOrEqual(dueAt);
    await again.settled(id);
    expect(there.received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(deliveryId(id, event)));
    expect((await again.deliveries(id))[0]).toMatchObject({ attempt: 3, outcome: 'delivered' });
    await again.close();
  });

  it('after the clock was set back by a year waits seconds for what is due, not the year', async () => {
    const there = await receiver(status(500));
    const one = await world();
    const { id } = await one.hook({ url: there.url });
    await one.post();
    await until(async () => (await one.webhook(id)).pending !== null);
    await one.close();
    there.answer = status(204);
    const again = await world({ store: one.store, clock: new FakeClock(one.clock.now() - 365 * 86_400_000) });
    await again.clock.advance(20_000);
    await until(() => there.received.length === 2);
    await again.close();
  });
});

describe('a disk that takes no commits', () => {
  it('costs no event: what could not be written down is delivered again, under the same ids', async () => {
    const control = controlledStore();
    const there = await receiver();
    const one = await world({ store: control.store });
    const { id } = await one.hook({ url: there.url });
    const posted: string[] = [];
    for (let i = 0; i < 5; i++) posted.push(await one.post());
    await one.settled(id);
    there.answer = (received, response, request) => {
      control.failing = true;
      status(204)(received, response, request);
    };
    posted.push(await one.post());
    await until(() => one.logged.some(({ message }) => message === 'webhook delivery broke off'));
    expect((await one.webhook(id)).delivered).toBe(5);
    there.answer = status(204);
    control.failing = false;
    await one.pass(async () => (await one.webhook(id)).delivered === 6, 500);
    const [sixth, again, ...rest] = there.received.slice(5);
    expect(rest).toEqual([]);
    expect(again?.headers['webhook-id']).toBe(sixth?.headers['webhook-id']);
    expect([...new Set(ids(there))]).toEqual(posted);
  });
});

it('moves its cursor past events nobody wants, a great many at a time', { timeout: 120_000 }, async () => {
  const there = await receiver();
  const one = await world();
  const { id } = await one.hook({ url: there.url, scopes: ['api.*'] });
  const { system } = one.runtime;
  const { cursor } = await one.webhook(id);
  while (system.head('ada') - cursor < 9_000)
    await Promise.all(Array.from({ length: 500 }, () => one.post('ui.login')));
  expect((await one.webhook(id)).cursor).toBe(cursor);
  while (system.head('ada') - cursor < 11_000)
    await Promise.all(Array.from({ length: 500 }, () => one.post('ui.login')));
  await patch(one, id, {});
  await until(async () => (await one.webhook(id)).cursor > cursor);
  const wanted = await one.post('api.users');
  await one.settled(id);
  expect(ids(there)).toEqual([wanted]);
});
