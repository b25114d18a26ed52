/** What a receiver gets, in which order, and what happens when it does not want it. */
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { create } from '../../src/operations/webhook/create.ts';
import { deliveryId } from '../../src/webhooks/signature.ts';
import { FakeClock } from '../support/clock.ts';
import { world } from './harness.ts';
import { receiver, saying, status, UPGRADE, until } from './receiver.ts';

describe('a webhook', () => {
  it('posts each event as the frame of a WebSocket, signed for the reference verifier', async () => {
    const there = await receiver();
    // The verifier goes by the machine's clock.
    const { hook, post, call } = await world({ clock: new FakeClock(Date.now()) });
    const { id, secret } = await hook({ url: there.url });
    const event = await post();
    await until(() => there.received.length > 0);
    const [received] = there.received;
    const data = (await call<object[]>('events.list'))[0];
    expect(received!.body).toEqual({ type: 'event', data, webhook_id: id, delivery_id: deliveryId(id, event) });
    expect(new Webhook(secret).verify(received!.text, { ...received!.headers })).toEqual(received!.body);
    expect(received!.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': deliveryId(id, event),
      'x-semp-delivery': deliveryId(id, event),
      'x-semp-event': 'proposal',
    });
  });

  it('sends no header of its own that is not described where it is made', async () => {
    const there = await receiver();
    const { hook, post } = await world();
    const { secret } = await hook({ url: there.url });
    await post();
    await until(() => there.received.length > 0);
    const { text, headers } = there.received[0]!;
    const own = Object.keys(headers).filter((name) => /^(webhook|x)-/.test(name));
    expect(own.sort()).toEqual([
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
      'x-semp-delivery',
      'x-semp-event',
      'x-semp-signature',
    ]);
    const described = create.description!.toLowerCase();
    for (const name of own) expect(described).toContain(`\`${name}\``);
    // As described: of the body, under the secret's text.
    const mac = createHmac('sha256', secret).update(text).digest('hex');
    expect(headers['x-semp-signature']).toBe(`sha256=${mac}`);
  });

  it('delivers in the order of the log, whatever the receiver takes its time for', async () => {
    const there = await receiver((_received, response) => void setTimeout(() => response.end(), Math.random() * 5));
    const { hook, post, settled } = await world();
    const { id } = await hook({ url: there.url });
    const posted: string[] = [];
    for (let i = 0; i < 20; i++) posted.push(await post(`ui.s${i % 3}`));
    await settled(id);
    expect(there.received.map(({ body }) => body.data.id)).toEqual(posted);
  });

  it('delivers what it was made for and nothing else', async () => {
    const there = await receiver();
    const { hook, post, settled } = await world();
    const before = await post('ui.login');
    const { id } = await hook({ url: there.url, events: ['proposal', 'PENALTY'], scopes: ['ui.*', 'api.users'] });
    for (const [scope, type] of [
      ['ui.login', 'proposal'],
      ['ui.login.form', 'penalty'],
      ['api.users', 'proposal'],
      ['ui', 'proposal'],
      ['api.users.create', 'proposal'],
      ['ui.login', 'reward'],
    ]) {
      await post(scope, type);
    }
    const last = await post('ui.last');
    await settled(id);
    expect(there.received.map(({ body }) => [body.data.scope, body.data.type])).toEqual([
      ['ui.login', 'proposal'],
      ['ui.login.form', 'penalty'],
      ['api.users', 'proposal'],
      ['ui.last', 'proposal'],
    ]);
    expect(there.received.at(-1)!.body.data.id).toBe(last);
    expect(there.received.map(({ body }) => body.data.id)).not.toContain(before);
  });

  it('is as quiet when a great many receivers hang', async () => {
    const warned: string[] = [];
    const hear = ({ name }: Error) => void warned.push(name);
    process.on('warning', hear);
    onTestFinished(() => void process.off('warning', hear));
    const hanging = await receiver(() => {});
    const { hook, post } = await world();
    for (let i = 0; i < 20; i++) await hook({ url: hanging.url });
    await post();
    await until(() => hanging.received.length === 20);
    // Warnings are told on the next tick.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned).toEqual([]);
    await hanging.close();
  });

  it('is not held up by another one whose receiver hangs', async () => {
    const hanging = await receiver(() => {});
    const there = await receiver();
    const { hook, post, settled } = await world();
    await hook({ url: hanging.url });
    const { id } = await hook({ url: there.url });
    for (let i = 0; i < 3; i++) await post();
    await settled(id);
    expect(there.received).toHaveLength(3);
    expect(hanging.received).toHaveLength(1);
    await hanging.close();
  });
});

describe('receivers that go over to another protocol', () => {
  it('hold no place of the room, however many they are', async () => {
    const bad = await saying(UPGRADE);
    const there = await receiver();
    const { hook, post, settled, deliveries, runtime, call, close } = await world();
    // As many as a tenant has places.
    const bads = await Promise.all(Array.from({ length: 32 }, () => hook({ url: bad.url })));
    await post();
    await until(() => bad.heard() >= 32);
    const { id } = await hook({ url: there.url });
    await post();
    await settled(id);
    expect(there.received).toHaveLength(1);
    await until(() => runtime.services.webhooks.inspect().running === 0);
    await until(async () => (await deliveries(bads[0]!.id)).length > 0);
    const found = { status: 101, error: 'answered 101; no other protocol is spoken' };
    expect((await deliveries(bads[0]!.id)).at(-1)).toMatchObject({ ...found, outcome: 'retrying' });
    expect(await call('webhooks.test', { path: { id: bads[0]!.id } })).toMatchObject({ ...found, delivered: false });
    await close();
  });
});

describe('a failed delivery', () => {
  it('is tried five times under one id, after 1, 2, 4 and 8 seconds, and then the next one has its turn', async () => {
    const there = await receiver((received, response, request) =>
      status(received.body.data.scope === 'ui.bad' ? 500 : 204)(received, response, request),
    );
    const { hook, post, clock, deliveries, webhook, call } = await world();
    const { id } = await hook({ url: there.url });
    const [first, second] = [await post('ui.bad'), await post('ui.good')];
    for (const [index, seconds] of [1, 2, 4, 8].entries()) {
      await until(async () => (await webhook(id)).pending?.attempts === index + 1);
      const waitMs = (await webhook(id)).pending!.dueAt - clock.now();
      // Up to a quarter of chance each.
      expect(waitMs).toBeGreaterThanOrEqual(seconds * 1_000);
      expect(waitMs).toBeLessThanOrEqual(seconds * 1_250);
      await clock.advance(waitMs - 1);
      expect(there.received).toHaveLength(index + 1);
      await clock.advance(1);
      await until(() => there.received.length >= index + 2);
    }
    await until(() => there.received.length >= 6);
    expect(there.received.map(({ body }) => body.data.id)).toEqual([...Array(5).fill(first), second]);
    expect(new Set(there.received.slice(0, 5).map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([deliveryId(id, first)]),
    );
    expect(new Set(there.received.slice(0, 5).map(({ text }) => text)).size).toBe(1);
    await until(async () => (await webhook(id)).delivered === 1);
    expect(
      (await deliveries(id)).map(({ event_id, attempt, outcome, status: code }) => [event_id, attempt, outcome, code]),
    ).toEqual([
      [second, 1, 'delivered', 204],
      [first, 5, 'failed', 500],
      [first, 4, 'retrying', 500],
      [first, 3, 'retrying', 500],
      [first, 2, 'retrying', 500],
      [first, 1, 'retrying', 500],
    ]);
    expect(await call('webhooks.get', { path: { id } })).toMatchObject({
      status: 'active',
      consecutive_failures: 0,
      delivered_total: 1,
      failed_total: 1,
    });
  });

  it('with a status there is not is written down and given up like any other', async () => {
    const bad = await saying('HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n');
    const { hook, post, pass, deliveries, logged } = await world();
    const { id } = await hook({ url: bad.url });
    await post();
    await pass(async () => (await deliveries(id)).length === 5, 1_000);
    expect((await deliveries(id))[0]).toMatchObject({
      attempt: 5,
      outcome: 'failed',
      status: null,
      error: 'no answer: 0 is no HTTP status',
    });
    expect(bad.heard()).toBe(5);
    expect(logged).toEqual([]);
  });

  it('goes out with the time of the attempt, so that a late one is still accepted', async () => {
    const there = await receiver(status(503));
    const { hook, post, pass } = await world();
    await hook({ url: there.url });
    await post();
    await pass(() => there.received.length >= 2);
    const [first, second] = there.received.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(second! - first!).toBeGreaterThanOrEqual(1);
  });

  it('is not brought forward by more events', async () => {
    const there = await receiver(status(500));
    const { hook, post, webhook, settled } = await world();
    const { id } = await hook({ url: there.url });
    await post();
    await until(async () => (await webhook(id)).pending !== null);
    const other = await hook({ url: (await receiver()).url });
    for (let i = 0; i < 5; i++) await post();
    // They have come to whoever wanted them.
    await settled(other.id);
    expect(there.received).toHaveLength(1);
  });

  it('of a receiver that redirects to a private address reaches nobody there', async () => {
    const inside = await receiver();
    const there = await receiver(status(307, { location: inside.url }));
    const { hook, post, deliveries } = await world();
    const { id } = await hook({ url: there.url });
    await post();
    await until(async () => (await deliveries(id)).length > 0);
    expect((await deliveries(id))[0]).toMatchObject({ status: 307, error: 'answered 307; redirects are not followed' });
    expect(inside.connections).toBe(0);
  });
});

describe('the address of a receiver', () => {
  it('is checked when the webhook is made, and again with every attempt', async () => {
    const there = await receiver();
    let addresses = ['93.184.216.34'];
    const resolve = async () => addresses;
    const { hook, post, deliveries } = await world({ allowPrivate: false, resolve });
    const { id } = await hook({ url: `http://rebinding.example:${there.port}/hook` });
    // The name server of an attacker changes its mind.
    addresses = ['127.0.0.1'];
    await post();
    await until(async () => (await deliveries(id)).length > 0);
    expect((await deliveries(id))[0]).toMatchObject({
      status: null,
      outcome: 'retrying',
      error: 'the URL leads to an address that is not public',
    });
    expect(there.connections).toBe(0);
  });

  it.each([
    ['http://127.0.0.1:8080/', '127.0.0.1', '127.0.0.1 is not a public address'],
    ['http://[::1]/', '::1', '::1 is not a public address'],
    ['http://169.254.169.254/latest/meta-data', '', '169.254.169.254 is not a public address'],
    // An address the name servers inside gave away is not told.
    ['http://intern.example/', '10.0.0.7', 'intern.example leads to an address that is not public'],
    ['http://half.example/', '10.0.0.8', 'half.example leads to an address that is not public'],
    // Whatever a name server says of it.
    ['http://localhost:9/', '93.184.216.34', 'localhost leads to an address that is not public'],
    ['http://hooks.localhost/', '93.184.216.34', 'hooks.localhost leads to an address that is not public'],
  ])('%s is refused, with what is the matter and who can change it', async (url, address, matter) => {
    const resolve = async (name: string) => (name === 'half.example' ? ['93.184.216.34', address] : [address]);
    const { hook, call } = await world({ allowPrivate: false, resolve });
    await expect(hook({ url })).rejects.toMatchObject({
      code: 'INVALID',
      message: `url: ${matter}; the operator can allow it with --webhook-allow-private (SYNOD_WEBHOOK_ALLOW_PRIVATE=1)`,
    });
    expect(await call('webhooks.list')).toEqual([]);
  });

  it('need not be known yet: a name that does not resolve is let through', async () => {
    const resolve = async () => {
      throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
    };
    const { hook, post, deliveries } = await world({ allowPrivate: false, resolve });
    const { id } = await hook({ url: 'https://soon.example/' });
    await post();
    await until(async () => (await deliveries(id)).length > 0);
    expect((await deliveries(id))[0]).toMatchObject({ error: 'no answer: ENOTFOUND', outcome: 'retrying' });
  });

  it('is not waited for when the name servers are silent', async () => {
    const { hook, clock } = await world({ allowPrivate: false, resolve: () => new Promise(() => {}) });
    const made = hook({ url: 'https://silent.example/' });
    await clock.advance(2_000);
    await expect(made).resolves.toMatchObject({ id: expect.any(String) });
  });
});
