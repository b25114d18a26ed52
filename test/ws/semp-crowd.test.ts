/** `WS /ws` with many clients at once: they share frames, come and go together, and nobody misses anything. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { FeedItem } from '../../src/environment/feed.ts';
import { Hub } from '../../src/ws/semp-hub.ts';
import { EVERYTHING, readSubscribe } from '../../src/ws/semp-subscribe.ts';
import { eventually } from '../support/eventually.ts';
import { silentClient } from './door.ts';
import { openDoor } from './semp-door.ts';
import { listen } from './semp-listener.ts';

describe('a thousand clients', { timeout: 60_000 }, () => {
  it('that disconnect at once leave nothing behind, and the others miss nothing meanwhile', async () => {
    const { url, port, door, post, runtime, log } = await openDoor();
    const listener = await listen(url);
    const sockets = [];
    for (let n = 0; n < 10; n++) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => silentClient(port, '/ws')))));
    }
    expect(door.connections).toBe(1_001);
    let leaving = false;
    const ids: string[] = [];
    for (let n = 0; n < 60; n++) {
      if (n === 20) {
        leaving = true;
        for (const socket of sockets) socket.resetAndDestroy();
      }
      ids.push((await post({ n })).id);
    }
    expect(leaving).toBe(true);
    await eventually(() => expect(door.connections).toBe(1));
    await listener.until(() => listener.ids.length === ids.length);
    expect(listener.ids).toEqual(ids);
    listener.socket.terminate();
    await eventually(() => expect(door.connections).toBe(0));
    runtime.services.places.require('anonymous');
    expect(log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });
});

function itemOf(seq: number, bytes = 10): FeedItem {
  const event = {
    id: randomUUID(),
    type: 'ready',
    scope: 's',
    trace_id: 't',
    agent_id: 'a',
    parent_ids: [],
    timestamp: '2026-01-01T00:00:00.000Z',
    payload: { text: 'x'.repeat(bytes) },
  } as const;
  return { seq, event };
}

/** Reads what the hub has behind its cursor. */
class Reader {
  readonly #hub: Hub;
  cursor: number;
  frames: Buffer[] = [];

  constructor(hub: Hub) {
    this.#hub = hub;
    this.cursor = hub.head;
  }

  follow(): void {
    if (this.cursor >= this.#hub.head) return;
    const stretch = this.#hub.stretch(this.cursor, EVERYTHING);
    for (let n = 0, pack = stretch.pack(0); pack; pack = stretch.pack(++n)) this.frames.push(pack.frames);
    this.cursor = this.#hub.head;
  }
}

describe('a hub', () => {
  it('has some thousand follow at once and the others in turns, all with the same frames', async () => {
    const hub = new Hub(0);
    const readers = Array.from({ length: 7_000 }, () => new Reader(hub));
    for (const reader of readers) hub.add(reader);
    hub.publish([itemOf(1), itemOf(3)]);
    expect(readers.filter(({ cursor }) => cursor === 3)).toHaveLength(2_000);
    hub.publish([itemOf(4)]);
    expect(readers.filter(({ cursor }) => cursor === 4)).toHaveLength(2_000);
    hub.delete(readers[6_500]!);
    await eventually(() => expect(readers.filter(({ cursor }) => cursor === 4)).toHaveLength(6_999));
    const [first] = readers as [Reader];
    const last = readers.at(-1)!;
    expect(Buffer.concat(last.frames)).toEqual(Buffer.concat(first.frames));
    expect(first.frames).toHaveLength(2);
    // Both commits in one piece, since they came to it late.
    expect(last.frames).toHaveLength(1);
    expect(readers[5_000]!.frames[0]).toBe(readers[4_500]!.frames[0]);
  });

  it('keeps the newest, all of the last commit among them, and says from where on', () => {
    const hub = new Hub(10);
    expect([hub.floor, hub.head]).toEqual([10, 10]);
    for (let seq = 11; seq < 200; seq++) hub.publish([itemOf(seq, 50_000)]);
    expect(hub.floor).toBeGreaterThan(100);
    expect(hub.since(hub.floor).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 199 - hub.floor }, (_, n) => hub.floor + n + 1),
    );
    const large = Array.from({ length: 100 }, (_, n) => itemOf(200 + n, 50_000));
    hub.publish(large);
    expect(hub.floor).toBeLessThan(200);
    expect(hub.since(199)).toHaveLength(100);
    hub.publish([itemOf(299), itemOf(150)]);
    expect(hub.head).toBe(299);
  });

  it('knows who wants the same', () => {
    const hub = new Hub(0);
    const one = hub.want(readSubscribe({ scopes: ['ui.*'] }).wanted);
    expect(hub.want(readSubscribe({ type: 'subscribe', scopes: ['ui.*'], types: null }).wanted)).toBe(one);
    expect(hub.want(readSubscribe({ scopes: ['ui.*'], signals: true }).wanted)).not.toBe(one);
    expect(hub.want(readSubscribe({ since: 7 }).wanted)).toBe(EVERYTHING);
  });
});
