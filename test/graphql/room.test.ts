/** One result at a time is built for a connection, whoever asks for however many at once. */
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Client } from '../support/client.ts';
import { eventually } from '../support/eventually.ts';
import { serve, type TestServer } from '../support/server.ts';
import { draft } from './ask.ts';
import { acked, EVENTS, init, type Raw, raw, subscribe } from './raw.ts';

let server: TestServer;
let ada: Client;
let one: Raw;

/** Looks through all events, with the event loop in between, and finds nothing. */
const SEARCH = '{ events(limit: 1, scope: "zz*.*") { id } }';

beforeEach(async () => {
  server = await serve();
  ada = await server.as('ada');
  await ada.ok('POST', '/api/events/batch', { events: Array.from({ length: 1_000 }, () => draft('a', 'x')) });
  one = await raw(server.url, ada.headers);
  one.send(init());
  await one.until(acked);
});

/** Counts the lists that are made, and how many at once. */
function watchLists(): { most: number; made: number } {
  const { environment } = server.running.runtime.services;
  const list = environment.events;
  const seen = { most: 0, made: 0 };
  let now = 0;
  const spy = vi.spyOn(environment, 'events').mockImplementation(async (...args) => {
    seen.made++;
    seen.most = Math.max(seen.most, ++now);
    return list(...args).finally(() => now--);
  });
  onTestFinished(() => spy.mockRestore());
  return seen;
}

const completed = () => one.heard.filter(({ type }) => type === 'complete').length;

describe('of many queries at once', () => {
  it('one after the other is answered', async () => {
    const seen = watchLists();
    one.send(...Array.from({ length: 90 }, (_, n) => subscribe(`q${n}`, SEARCH)));
    await eventually(() => expect(completed()).toBe(90));
    expect(seen).toEqual({ most: 1, made: 90 });
    expect(one.heard.filter(({ type }) => type === 'next').map(({ id }) => id)).toEqual(
      Array.from({ length: 90 }, (_, n) => `q${n}`),
    );
  });

  it('and events for subscriptions beside them, too', async () => {
    const { system } = server.running.runtime;
    one.send(...Array.from({ length: 9 }, (_, n) => subscribe(`s${n}`, EVENTS)));
    await eventually(() => expect(system.subscribers).toBe(9));
    const seen = watchLists();
    one.send(...Array.from({ length: 40 }, (_, n) => subscribe(`q${n}`, SEARCH)));
    for (let n = 0; n < 10; n++) await ada.ok('POST', '/api/events', draft('b', 'x'));
    await eventually(() => expect(completed()).toBe(40));
    expect(seen.most).toBe(1);
    const told = () => one.heard.filter(({ type, id }) => type === 'next' && id!.startsWith('s')).length;
    await eventually(() => expect(told()).toBe(90));
  });

  it('those that are cancelled or belong to a client that left are not made at all', async () => {
    const seen = watchLists();
    one.send(subscribe('first', SEARCH));
    for (let n = 0; n < 20; n++) one.send(subscribe(`c${n}`, SEARCH), { type: 'complete', id: `c${n}` });
    one.send(subscribe('last', SEARCH));
    await one.until(({ type, id }) => type === 'complete' && id === 'last');
    // Some may have had their turn before it was heard that they are cancelled.
    expect(seen.made).toBeLessThan(10);
    one.send(...Array.from({ length: 90 }, (_, n) => subscribe(`q${n}`, SEARCH)));
    await one.until(({ type, id }) => type === 'complete' && id === 'q0');
    one.socket.terminate();
    expect(await settled(() => seen.made)).toBeLessThan(50);
    expect(seen.most).toBe(1);
  });

  it('cancelled ones without end hold up nobody for long', { timeout: 30_000 }, async () => {
    for (let n = 0; n < 5_000; n++) one.send(subscribe(`c${n}`, SEARCH), { type: 'complete', id: `c${n}` });
    one.send(subscribe('last', '{ __typename }'));
    await one.until(({ type, id }) => type === 'complete' && id === 'last');
    expect(one.heard.some(({ type }) => type === 'error')).toBe(false);
  });
});

/** A number that has not changed for a while. */
async function settled(read: () => number): Promise<number> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return read();
}
