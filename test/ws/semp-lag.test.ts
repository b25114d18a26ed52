/** `WS /ws` for clients that do not read: what they are told, what they cost, and what others notice of them. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { silentClient } from './door.ts';
import { openDoor } from './semp-door.ts';
import { listen } from './semp-listener.ts';

const BIG = 'x'.repeat(200_000);
/** 16 MB: more than the kernel, the hub and the connection keep. */
const MANY = 80;
/** The bound, and one event that joins what waits. */
const BOUND = 256 * 1_024 + 201_000;

describe('a client that does not read', { timeout: 60_000 }, () => {
  it('and has subscribed is told how many were held back, and then hears all of them, once and in order', async () => {
    const { url, post } = await openDoor();
    const listener = await listen(url);
    await listener.subscribe({ scopes: ['s'] });
    listener.socket.pause();
    const ids: string[] = [];
    for (let n = 0; n < MANY; n++) ids.push((await post({ n, BIG })).id);
    listener.socket.resume();
    await listener.until(() => listener.ids.at(-1) === ids.at(-1));
    expect(listener.ids).toEqual(ids);
    const [lagged] = listener.of('lagged');
    expect(listener.of('lagged')).toHaveLength(1);
    // All that came before the notice were not held back.
    const before = listener.heard.indexOf(lagged!) - 1;
    expect(lagged).toEqual({ type: 'lagged', dropped: MANY - before });
    ids.push((await post()).id);
    await listener.until(() => listener.ids.length === ids.length);
    expect(listener.ids).toEqual(ids);
  });

  it('and never asked for anything hears all events and nothing else', async () => {
    const { url, post } = await openDoor();
    const listener = await listen(url);
    listener.socket.pause();
    const events: object[] = [];
    for (let n = 0; n < MANY; n++) events.push(await post({ n, BIG }));
    listener.socket.resume();
    await listener.until(() => listener.heard.length === MANY);
    events.push(await post());
    await listener.until(() => listener.heard.length === MANY + 1);
    expect(listener.heard).toEqual(events.map((data) => ({ type: 'event', data })));
  });

  it('keeps no more than the bound in memory, and no poster or listener waits for it', async () => {
    const { url, port, post, connections } = await openDoor();
    const stalled = await Promise.all([
      silentClient(port, '/ws'),
      silentClient(port, '/ws'),
      silentClient(port, '/ws'),
    ]);
    for (const socket of stalled) socket.pause();
    const listener = await listen(url);
    let most = 0;
    for (let n = 0; n < MANY; n++) {
      const { id } = await post({ n, BIG });
      await listener.until(() => listener.ids.at(-1) === id);
      for (const socket of connections) most = Math.max(most, socket.writableLength);
    }
    expect(listener.events).toHaveLength(MANY);
    expect(most).toBeGreaterThan(256 * 1_024);
    expect(most).toBeLessThan(BOUND);
  });

  it('and subscribes anew loses nothing of what was held back', async () => {
    const { url, post } = await openDoor();
    const listener = await listen(url);
    await listener.subscribe();
    listener.socket.pause();
    const ids: string[] = [];
    for (let n = 0; n < MANY; n++) ids.push((await post({ n, BIG })).id);
    listener.send({ type: 'subscribe', scopes: ['s'] });
    listener.socket.resume();
    await listener.until(() => listener.ids.at(-1) === ids.at(-1));
    expect(listener.ids).toEqual(ids);
  });

  it('gets one commit of any size without being told that it lagged', async () => {
    const { url, post } = await openDoor();
    const listener = await listen(url);
    await listener.subscribe();
    const events = await Promise.all(Array.from({ length: 30 }, (_, n) => post({ n, text: BIG.slice(0, 30_000) })));
    await listener.until(() => listener.events.length === events.length);
    expect(new Set(listener.ids)).toEqual(new Set(events.map(({ id }) => id)));
    expect(listener.of('lagged')).toEqual([]);
  });
});

describe('a ping', { timeout: 60_000 }, () => {
  it('that nobody answers ends the connection, and one that is answered does not', async () => {
    const { url, port, door } = await openDoor(1_000);
    const listener = await listen(url);
    let pings = 0;
    listener.socket.on('ping', () => pings++);
    const silent = await silentClient(port, '/ws');
    const closed = new Promise((resolve) => silent.once('close', resolve));
    silent.resume();
    expect(door.connections).toBe(2);
    await closed;
    await eventually(() => expect(pings).toBeGreaterThan(2));
    expect(door.connections).toBe(1);
  });
});
