/** Signals as they are read: filters, one by name or id, past and later moments. */
import { describe, expect, it } from 'vitest';
import { Events } from '../../src/environment/events.ts';
import { signalsAt } from '../../src/environment/past.ts';
import type { Signal } from '../../src/environment/signals.ts';
import type { Client } from '../support/client.ts';
import { serve } from '../support/server.ts';
import { HOUR, MINUTE, post, serveAt, signals, touches } from './wire.ts';

const lay = (client: Client, scope: string, pattern: string, value: number) =>
  post(client, { type: 'reward', scope, payload: { pattern, value } });
const shown = async (client: Client, query: string) =>
  (await signals(client, query)).map(({ scope, pattern }) => `${scope}/${pattern}`);

/** Strengths 0.3 + 1.2 · value. */
async function garden(client: Client): Promise<void> {
  await lay(client, 'ui', 'dark', 0.1);
  await lay(client, 'ui.login', 'dark', 0.3);
  await lay(client, 'ui.login', 'big', 0.2);
  await lay(client, 'ui.login.form', 'big', 0.4);
  await lay(client, 'api', 'dark', 0.5);
}

describe('the list', () => {
  it.each([
    ['', ['api/dark', 'ui.login.form/big', 'ui.login/dark', 'ui.login/big', 'ui/dark']],
    ['?scope=ui', ['ui/dark']],
    ['?scope=ui.*', ['ui.login.form/big', 'ui.login/dark', 'ui.login/big']],
    ['?scope=*.login', ['ui.login/dark', 'ui.login/big']],
    ['?scope=**&pattern=big', ['ui.login.form/big', 'ui.login/big']],
    ['?pattern=dark', ['api/dark', 'ui.login/dark', 'ui/dark']],
    ['?min_strength=0.6', ['api/dark', 'ui.login.form/big', 'ui.login/dark']],
    ['?limit=2', ['api/dark', 'ui.login.form/big']],
    ['?scope=ui.login&pattern=dark&min_strength=0.9', []],
    ['?scope=nowhere', []],
    ['?rollup=true', ['api/dark', 'ui.login.form/big']],
    ['?rollup=true&scope=ui', ['ui.login.form/big', 'ui.login/dark']],
    ['?rollup=true&scope=ui.login.form', ['ui.login.form/big']],
    ['?rollup=false&scope=ui', ['ui/dark']],
  ])('%s', async (query, wanted) => {
    const { client } = await serveAt();
    await garden(client);
    expect(await shown(client, query)).toEqual(wanted);
  });

  it('orders equals by scope, then pattern', async () => {
    const { client } = await serveAt();
    for (const [scope, action] of ['b/x', 'a/y', 'a/x', 'a.b/x'].map((name) => name.split('/'))) {
      await post(client, { scope, payload: { action } });
    }
    expect(await shown(client, '')).toEqual(['a/x', 'a/y', 'a.b/x', 'b/x']);
  });

  it.each([
    ['min_strength=2', 'min_strength: Input should be less than or equal to 1'],
    ['limit=0', 'limit: Input should be greater than or equal to 1'],
    ...['yesterday', '1767225600000', '2026-01-01T00:00:00', ''].map((time): [string, string] => [
      `as_of=${time}`,
      'as_of: Input should be Unix seconds or ISO 8601 with a time zone',
    ]),
    ['rollup=true&scope=ui.*', 'rollup: wants one scope, without *'],
  ])('refuses %s', async (query, message) => {
    const { client } = await serveAt();
    const reply = await client.get(`/api/signals?${query}`);
    expect([reply.status, reply.body]).toEqual([
      400,
      expect.objectContaining({ message: `Validation error: ${message}` }),
    ]);
  });

  it('refuses rollup=perhaps', async () => {
    const { client } = await serveAt();
    expect((await client.get('/api/signals?rollup=perhaps')).status).toBe(400);
  });
});

describe('one signal', () => {
  it('is found by its name and by its id, on both paths', async () => {
    const { client, clock } = await serveAt();
    await lay(client, 'a b/c', 'ä', 0.1);
    clock.at += MINUTE;
    const [signal] = await signals(client);
    const name = `scope=${encodeURIComponent('a b/c')}&pattern=${encodeURIComponent('ä')}`;
    for (const path of [`lookup?${name}`, signal!.id]) {
      expect(await client.ok('GET', `/api/signals/${path}`)).toEqual(signal);
      expect(await client.ok('GET', `/signals/${path}`)).toEqual(signal);
    }
    expect(signal!.strength).toBeCloseTo(0.42 * 0.95, 12);
  });

  it('is 404 with a message when there is none, when it is gone, and for another tenant', async () => {
    const server = await serve();
    const [ada, bob] = [await server.as('ada'), await server.as('bob')];
    await lay(ada, 's', 'x', 0.1);
    const [{ id }] = (await signals(ada)) as [Signal];
    const absent = async (client: Client, path: string) => {
      const reply = await client.get(`/api/signals/${path}`);
      expect([reply.status, reply.body]).toEqual([404, expect.objectContaining({ message: 'Signal not found' })]);
    };
    for (const path of [id, `${id}/history`, 'lookup?scope=s&pattern=x']) await absent(bob, path);
    await absent(ada, 'lookup?scope=s&pattern=y');
    await absent(ada, 'nothing');
    await post(ada, { type: 'penalty', scope: 's', payload: { pattern: 'x' } });
    for (const path of [id, 'lookup?scope=s&pattern=x']) await absent(ada, path);
    await lay(ada, 's', 'x', 0.1);
    await absent(ada, id);
    expect((await ada.get('/api/signals/lookup?scope=s&pattern=x')).status).toBe(200);
  });
});

describe('as_of', () => {
  it('a later moment is answered as if nothing happened until then', async () => {
    const { client, clock } = await serveAt();
    await garden(client);
    const at = new Date(clock.at + 30 * MINUTE).toISOString();
    const then = await signals(client, `?as_of=${at}&min_strength=0.1`);
    const one = await client.ok<Signal>(
      'GET',
      `/api/signals/lookup?scope=api&pattern=dark&as_of=${clock.at / 1_000 + 1_800}`,
    );
    clock.at += 30 * MINUTE;
    expect(then).toEqual(await signals(client, '?min_strength=0.1'));
    expect(one).toEqual(then[0]);
    expect(await signals(client, `?as_of=${new Date(clock.at + 48 * HOUR).toISOString()}`)).toEqual([]);
  });

  it('a past moment is answered as it was answered then, whatever has happened since', async () => {
    const { client, clock } = await serveAt();
    const seen: { at: number; all: Signal[] }[] = [];
    const look = async () => seen.push({ at: clock.at, all: await signals(client) });
    const events: (() => Promise<unknown>)[] = [
      () => garden(client),
      // One is gone by a penalty, and comes up again; one through its parents; one decays away.
      () => post(client, { type: 'penalty', scope: 'api', payload: { pattern: 'dark' } }),
      () => lay(client, 'api', 'dark', 0.01),
      async () => {
        const a = await lay(client, 'a', 'x', 0.1);
        const b = await lay(client, 'b', 'y', 0.1);
        await post(client, { type: 'reward', scope: 'c', parent_ids: [a.id, b.id], payload: { value: 0.1 } });
      },
      () => post(client, { scope: 'ui', payload: { pattern: 'dark' } }),
      () => post(client, { type: 'ready', scope: 'ui', payload: { pattern: 'dark' } }),
      () => lay(client, 'ui', 'dark', 0.2),
      () => lay(client, 'new', 'z', 0.2),
    ];
    await look();
    for (const [n, event] of events.entries()) {
      clock.at += n === 4 ? 60 * MINUTE : MINUTE;
      await event();
      await look();
      clock.at += 1_500;
      await look();
    }
    clock.at += 10 * MINUTE;
    for (const { at, all } of seen) {
      expect(await signals(client, `?as_of=${new Date(at).toISOString()}`)).toEqual(all);
      for (const { id, scope, pattern } of all) {
        const [was] = all.filter((one) => one.id === id);
        for (const path of [`lookup?scope=${scope}&pattern=${pattern}&`, `${id}?`]) {
          expect(await client.ok('GET', `/api/signals/${path}as_of=${at / 1_000}`)).toEqual(was);
        }
      }
    }
    const ui = seen.at(-1)!.all.filter(({ scope }) => scope === 'ui');
    expect(await signals(client, `?scope=ui&as_of=${seen.at(-1)!.at / 1_000}`)).toEqual(ui);
  });

  it('of a signal that had not come up yet, or was gone already, is 404', async () => {
    const { client, clock } = await serveAt();
    const before = clock.at / 1_000;
    clock.at += MINUTE;
    const [born] = await touches(client, { payload: { pattern: 'x' } });
    clock.at += MINUTE;
    await post(client, { type: 'penalty', payload: { pattern: 'x' } });
    clock.at += MINUTE;
    const status = async (at: number) => (await client.get(`/api/signals/${born!.id}?as_of=${at}`)).status;
    expect([
      await status(before),
      await status(before + 60),
      await status(before + 119),
      await status(before + 120),
    ]).toEqual([404, 200, 200, 404]);
  });

  it('too many events back is refused for the list, and answered for one signal', async () => {
    const { client, clock, runtime } = await serveAt();
    const [born] = await touches(client, { payload: { pattern: 'x' } });
    const at = clock.at;
    const past = { store: runtime.store, events: new Events(runtime.store) };
    for (let n = 0; n < 5; n++) {
      clock.at += 1_000;
      await lay(client, 'ui.login', 'x', 0.01);
    }
    const [was] = await signalsAt(past, 'anonymous', at, 5);
    expect(was).toMatchObject({ id: born!.id, strength: 0.3 });
    await expect(signalsAt(past, 'anonymous', at, 4)).rejects.toMatchObject({
      code: 'INVALID',
      message: 'as_of: more than 4 events have happened since; ask for one signal',
    });
  });
});
