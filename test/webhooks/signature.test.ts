/** Signatures, checked by the reference verifier, and secrets as they are kept. */
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { openSeal, sealWith } from '../../src/seal.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { deliveryId, isSecret, newSecret, signatureHeaders } from '../../src/webhooks/signature.ts';

const body = JSON.stringify({ type: 'event', data: { payload: { text: 'grüße ☃ \ud800', n: 1 } } });
const signed = (secrets: readonly string[]) =>
  signatureHeaders({ id: deliveryId('w', 'e'), at: Date.now(), body, type: 'proposal', secrets });

describe('a signature', () => {
  it('is accepted by the reference verifier', () => {
    const secret = newSecret();
    expect(new Webhook(secret).verify(body, signed([secret]))).toEqual(JSON.parse(body));
  });

  it('is made by both secrets while a rotation lasts', () => {
    const [next, previous] = [newSecret(), newSecret()];
    const headers = signed([next, previous]);
    for (const secret of [next, previous]) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
    expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow();
  });

  it('covers body, id and time', () => {
    const secret = newSecret();
    const verifier = new Webhook(secret);
    const headers = signed([secret]);
    const at = Number(headers['webhook-timestamp']);
    expect(() => verifier.verify(body.replace('1', '2'), headers)).toThrow();
    expect(() => verifier.verify(body, { ...headers, 'webhook-id': 'msg_other' })).toThrow();
    expect(() => verifier.verify(body, { ...headers, 'webhook-timestamp': String(at - 1) })).toThrow();
  });

  it('is also given in the way of the SEMP drafts', () => {
    const secret = newSecret();
    const mac = createHmac('sha256', secret).update(body).digest('hex');
    expect(signed([secret])).toMatchObject({
      'x-semp-signature': `sha256=${mac}`,
      'x-semp-delivery': deliveryId('w', 'e'),
      'x-semp-event': 'proposal',
    });
  });

  /** The test vector of the standard's own libraries. */
  it('is the one the standard gives as an example', () => {
    const headers = signatureHeaders({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: 1_614_265_330_000,
      body: '{"test": 2432232314}',
      type: 'test',
      secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    });
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });
});

describe('a delivery id', () => {
  it('depends on webhook and event alone, and has no full stop', () => {
    expect(deliveryId('w', 'e')).toBe(deliveryId('w', 'e'));
    const ids = [
      deliveryId('w', 'e'),
      deliveryId('w', 'f'),
      deliveryId('v', 'e'),
      deliveryId('we', ''),
      deliveryId('', 'we'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^msg_[\w-]{22}$/);
  });
});

describe('a secret', () => {
  it('is 32 random bytes', () => {
    expect(newSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSecret()).not.toBe(newSecret());
    expect(isSecret(newSecret())).toBe(true);
  });

  it.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', `whsec_${Buffer.alloc(64).toString('base64')}`])(
    '%s is one',
    (text) => expect(isSecret(text)).toBe(true),
  );

  it.each([
    '',
    'whsec_',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'whsec_short',
    'whsec_not base64, not base64, not base64!',
    `whsec_${Buffer.alloc(65).toString('base64')}`,
    `whsec_${Buffer.alloc(32, 0xff).toString('base64url')}`,
  ])('%s is none', (text) => expect(isSecret(text)).toBe(false));
});

describe('a sealed secret', () => {
  it('shows nothing, and opens for its owner alone', async () => {
    const seal = await openSeal(createMemoryStore());
    const secret = newSecret();
    const sealed = seal.seal(secret, 'w');
    expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain(secret.slice(6, 20));
    expect(seal.seal(secret, 'w')).not.toBe(sealed);
    expect(seal.open(sealed, 'w')).toBe(secret);
    expect(() => seal.open(sealed, 'v')).toThrow(/cannot be read/);
  });

  it('opens after a restart, and under no other key', async () => {
    const store = createMemoryStore();
    const sealed = (await openSeal(store)).seal('whsec_x', 'w');
    expect((await openSeal(store)).open(sealed, 'w')).toBe('whsec_x');
    expect(() => sealWith(new Uint8Array(32)).open(sealed, 'w')).toThrow(/cannot be read/);
    expect(() => sealWith(new Uint8Array(32)).open('', 'w')).toThrow(/cannot be read/);
  });
});
