/**
 * `WS /ws` under clients that stop reading, come back, change their minds and connect anew while others post: whatever
 * they do, each has heard exactly what the log says, in its order.
 */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../bench/load/words.ts';
import { openDoor } from './semp-door.ts';
import { listen, type SempListener, type SempMessage } from './semp-listener.ts';

const EVENTS = 240;
const CLIENTS = 12;

/** A client as it should be written: what comes behind `subscribed` follows the event it has named. */
class Client {
  readonly #url: string;
  readonly #scope: string | null;
  readonly #random: () => number;
  /** Events it has, without a gap from the first one on. */
  readonly has: string[] = [];
  #listener!: SempListener;
  #read = 0;
  /** Subscriptions that were not confirmed yet. */
  #pending = 0;

  constructor(url: string, scope: string | null, random: () => number) {
    this.#url = url;
    this.#scope = scope;
    this.#random = random;
  }

  async connect(): Promise<void> {
    this.#listener = await listen(this.#url);
    this.#read = 0;
    this.#pending = 0;
    this.#subscribe();
  }

  /** Does something or other. */
  async act(): Promise<void> {
    const what = this.#random();
    this.#take();
    if (what < 0.3) this.#listener.socket.pause();
    else if (what < 0.6) this.#listener.socket.resume();
    else if (what < 0.8) this.#subscribe();
    else if (what < 0.9) {
      this.#listener.socket.terminate();
      await this.#listener.closed;
      this.#take();
      await this.connect();
    }
  }

  async caughtUp(last: string): Promise<void> {
    this.#listener.socket.resume();
    await this.#listener.until(() => {
      this.#take();
      return this.has.at(-1) === last;
    });
  }

  #subscribe(): void {
    this.#pending++;
    const scopes = this.#scope === null ? undefined : [this.#scope];
    this.#listener.send({ type: 'subscribe', scopes, since: this.has.at(-1) ?? 0 });
  }

  #take(): void {
    const { heard } = this.#listener;
    for (; this.#read < heard.length; this.#read++) this.#hear(heard[this.#read]!);
  }

  #hear({ type, data }: SempMessage): void {
    if (type === 'error') throw new Error('a subscription was refused');
    if (type === 'subscribed') this.#pending--;
    // Until then it hears by the subscription before, which need not follow what it has.
    else if (type === 'event' && this.#pending === 0) this.has.push(data!.id);
  }
}

describe('clients that do as they like', { timeout: 120_000 }, () => {
  it.each([1, 2, 3])('have heard exactly what they wanted, in order (%i)', async (seed) => {
    const { url, post, runtime } = await openDoor();
    const random = createRandom(seed);
    const clients = Array.from({ length: CLIENTS }, (_, n) => new Client(url, n % 3 === 0 ? 's.1' : null, random));
    await Promise.all(clients.map((client) => client.connect()));
    let left = EVENTS;
    const poster = async (name: number) => {
      while (left-- > 0) {
        const bytes = random() < 0.3 ? 150_000 : 100;
        await post({ text: 'x'.repeat(bytes) }, `s.${name % 2}`);
        await clients[Math.floor(random() * CLIENTS)]!.act();
      }
    };
    await Promise.all([poster(0), poster(1), poster(2)]);
    await post({}, 's.1');
    const { events } = await runtime.services.environment.events('anonymous', {
      limit: 1_000,
      ascending: true,
      maxBytes: Number.POSITIVE_INFINITY,
    });
    const all = events.map(({ event }) => event);
    expect(all).toHaveLength(EVENTS + 1);
    for (const [n, client] of clients.entries()) {
      await client.caughtUp(all.at(-1)!.id);
      const wanted = n % 3 === 0 ? all.filter(({ scope }) => scope === 's.1') : all;
      expect(client.has).toEqual(wanted.map(({ id }) => id));
    }
  });
});
