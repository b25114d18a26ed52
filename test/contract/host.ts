/** What every host must do for the actors above it: the port of `actors/ports.ts`. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Address } from '../../actors/address.ts';
import type {
  Clock,
  FoldedEvent,
  Host,
  LogRecord,
  Message,
  StoredSnapshot,
  TimerSet,
  Turn,
} from '../../actors/ports.ts';
import { FakeClock, settle } from '../support/clock.ts';

export interface OpenedHost {
  readonly host: Host;
  /** Lets go of the host and opens another one on what it kept. */
  reopen(): Promise<Host>;
  destroy(): Promise<void>;
}

const a: Address = { tenant: 't1', kind: 'thing', id: 'a' };
const b: Address = { tenant: 't1', kind: 'thing', id: 'b' };

export function folded(revision: number, change: Partial<FoldedEvent> = {}): FoldedEvent {
  return {
    revision,
    at: 1_000 + revision,
    type: 'poke',
    event: { type: 'poke', at: 1_000 + revision, vector: Float32Array.of(revision) },
    state: 'idle',
    correlationId: null,
    causationId: null,
    facts: [],
    ...change,
  };
}

export function turn(address: Address, baseRevision: number, change: Partial<Turn> = {}): Turn {
  return {
    address,
    version: 1,
    baseRevision,
    events: [folded(baseRevision + 1)],
    snapshot: null,
    created: baseRevision === 0,
    removed: false,
    messages: [],
    timers: [],
    consumed: [],
    replies: [],
    ...change,
  };
}

export function message(from: Address, to: Address, revision: number, index = 0): Message {
  return {
    id: `${from.id}:${revision}:${index}`,
    from,
    fromRevision: revision,
    fromIndex: index,
    to,
    event: { type: 'hello', n: revision * 10 + index },
    correlationId: 'c',
    replyTo: null,
    answer: false,
  };
}

function timer(id: string, due: number, revision = 1): TimerSet {
  return { id, due, revision, event: { type: 'ring' } };
}

/** Commits and waits for the host's word. */
export function commit(host: Host, what: Turn): Promise<void> {
  return new Promise((resolve, reject) => host.commit(what, (error) => (error ? reject(error) : resolve())));
}

export function hostContract(name: string, open: (clock: Clock) => Promise<OpenedHost>): void {
  describe(`${name} as a host`, () => {
    let clock: FakeClock;
    let opened: OpenedHost;
    let host: Host;

    beforeEach(async () => {
      clock = new FakeClock(100_000);
      opened = await open(clock);
      host = opened.host;
    });
    afterEach(() => opened.destroy());

    const reopen = async () => {
      await host.drain();
      host = await opened.reopen();
    };

    it('gives back what was committed: nothing, events, a snapshot and the events after it', async () => {
      expect(await host.activate(a)).toBeUndefined();
      await commit(host, turn(a, 0, { events: [folded(1), folded(2, { facts: [{ type: 'f', payload: [1] }] })] }));
      expect(await host.activate(a)).toEqual({
        revision: 2,
        snapshot: null,
        tail: [folded(1), folded(2, { facts: [{ type: 'f', payload: [1] }] })],
      });
      const snapshot: StoredSnapshot = {
        kind: 'thing',
        version: 1,
        revision: 3,
        state: { value: 'idle', context: { vector: Float32Array.of(1, 2) }, status: 'active', output: null },
        timers: [timer('t', 5)],
        invocations: [],
      };
      await commit(host, turn(a, 2, { snapshot }));
      await commit(host, turn(a, 3));
      await reopen();
      expect(await host.activate(a)).toEqual({ revision: 4, snapshot, tail: [folded(4)] });
    });

    it('counts and lists the living, in order, page by page, and remembers where the dead stopped', async () => {
      const ids = ['c', 'a', 'b', 'é', 'd'];
      for (const id of ids) await commit(host, turn({ ...a, id }, 0));
      await commit(host, turn({ ...a, id: 'x', tenant: 't2' }, 0));
      await commit(host, turn({ ...a, id: 'b' }, 1, { removed: true }));
      expect(host.count('thing')).toBe(5);
      expect(host.list({ tenant: 't1', kind: 'thing', limit: 3 })).toEqual(['a', 'c', 'd']);
      expect(host.list({ tenant: 't1', kind: 'thing', after: 'd', limit: 3 })).toEqual(['é']);
      expect(host.list({ tenant: 't1', kind: 'other', limit: 3 })).toEqual([]);
      expect([host.exists({ ...a, id: 'b' }), host.exists(a), host.exists({ ...a, tenant: 't2' })]).toEqual([
        false,
        true,
        false,
      ]);
      await reopen();
      expect(host.count('thing')).toBe(5);
      expect(await host.activate({ ...a, id: 'b' })).toEqual({ revision: 2, snapshot: null, tail: [] });
    });

    it('says done in the order of the commits, and hands records over in the order of the log', async () => {
      const done: number[] = [];
      const seen: LogRecord[] = [];
      host.onRecord((record) => seen.push(record));
      for (let i = 0; i < 50; i++) {
        host.commit(turn({ ...a, id: `a${i}` }, 0), () => done.push(i));
        if (i % 10 === 9) await settle(1);
      }
      await host.drain();
      expect(done).toEqual(Array.from({ length: 50 }, (_, i) => i));
      expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      expect(host.backlog()).toEqual({ turns: 0, bytes: 0 });
    });

    it('keeps one log per tenant, each record bound to the one before it', async () => {
      await commit(host, turn(a, 0, { events: [folded(1, { facts: [{ type: 'fact', payload: { x: 1 } }] })] }));
      await commit(host, turn({ ...b, tenant: 't2' }, 0));
      await reopen();
      await commit(host, turn(b, 0));
      const records = host.records({ tenant: 't1', after: 0, limit: 10 });
      expect(records.map(({ seq, type, revision, address }) => [seq, type, revision, address.id])).toEqual([
        [1, 'poke', 1, 'a'],
        [2, 'fact', 1, 'a'],
        [3, 'poke', 1, 'b'],
      ]);
      expect(records[1]!.payload).toEqual({ x: 1 });
      for (let i = 1; i < 3; i++) expect(records[i]!.previousHash).toBe(records[i - 1]!.hash);
      expect([host.head('t1'), host.head('t2'), host.head('t3')]).toEqual([3, 1, 0]);
      expect(host.records({ tenant: 't1', after: 2, limit: 10 })).toEqual([records[2]]);
      expect(host.records({ tenant: 't1', after: 0, limit: 1 })).toEqual([records[0]]);
    });

    it('hands messages over once durable, in the order of each sender, and again after a restart until consumed', async () => {
      let got: number[] = [];
      const take = (m: Message) => {
        got.push((m.event as unknown as { n: number }).n);
        return true;
      };
      host.onMessage(take);
      host.start();
      await commit(host, turn(a, 0, { messages: [message(a, b, 1, 0), message(a, b, 1, 1)] }));
      await commit(host, turn(a, 1, { messages: [message(a, b, 2, 0)] }));
      expect(got).toEqual([10, 11, 20]);
      await commit(host, turn(b, 0, { consumed: [message(a, b, 1, 0)] }));
      expect(host.highWater(b, a)).toEqual({ revision: 1, index: 0 });
      await reopen();
      got = [];
      host.onMessage(take);
      host.start();
      expect(got).toEqual([11, 20]);
      host.redeliver(b);
      expect(got).toEqual([11, 20, 11, 20]);
      await commit(host, turn(b, 1, { consumed: [message(a, b, 1, 1), message(a, b, 2, 0)] }));
      expect(host.highWater(b, a)).toEqual({ revision: 2, index: 0 });
      expect(host.highWater(a, b)).toBeUndefined();
      host.redeliver(b);
      expect(got.length).toBe(4);
    });

    it('hands a receiver that turned a message away nothing more until it is asked to', async () => {
      const got: string[] = [];
      let open = false;
      host.onMessage((m) => {
        if (m.to.id === 'b' && !open) return false;
        got.push(`${m.to.id}${(m.event as unknown as { n: number }).n}`);
        return true;
      });
      host.start();
      const c = { ...a, id: 'c' };
      await commit(host, turn(a, 0, { messages: [message(a, b, 1, 0), message(a, c, 1, 1)] }));
      open = true;
      await commit(host, turn(a, 1, { messages: [message(a, b, 2, 0), message(a, c, 2, 1)] }));
      expect(got).toEqual(['c11', 'c21']);
      host.redeliver(b);
      expect(got).toEqual(['c11', 'c21', 'b10', 'b20']);
    });

    it('hands what waited for a kind over when that becomes known', async () => {
      const got: string[] = [];
      let known = false;
      const other = { ...b, kind: 'other' };
      host.onMessage((m) => {
        if (m.to.kind === 'other' && !known) return false;
        got.push(m.to.kind);
        return true;
      });
      host.onTimer((address) => {
        if (address.kind === 'other' && !known) return false;
        got.push('timer');
        return true;
      });
      await commit(host, turn(other, 0, { timers: [{ op: 'set', timer: timer('t', 100_000) }] }));
      host.start();
      await commit(host, turn(a, 0, { messages: [message(a, other, 1)] }));
      await clock.advance(1);
      host.resume('thing');
      await clock.advance(1);
      expect(got).toEqual([]);
      known = true;
      host.resume('other');
      await clock.advance(1);
      expect(got.sort()).toEqual(['other', 'timer']);
    });

    it('fires timers when due, once, and again after a restart until they are gone', async () => {
      let fired: string[] = [];
      const fire = (_: Address, t: TimerSet) => {
        fired.push(t.id);
        return true;
      };
      host.onTimer(fire);
      host.start();
      const [one, two, gone] = [timer('one', 100_500), timer('two', 100_200), timer('gone', 100_100)];
      await commit(
        host,
        turn(a, 0, {
          timers: [
            { op: 'set', timer: one },
            { op: 'set', timer: gone },
            { op: 'set', timer: two },
            { op: 'cancel', timer: gone },
          ],
        }),
      );
      await clock.advance(199);
      expect(fired).toEqual([]);
      await clock.advance(10_000);
      expect(fired).toEqual(['two', 'one']);
      await commit(host, turn(a, 1, { timers: [{ op: 'cancel', timer: two }] }));
      await reopen();
      fired = [];
      host.onTimer(fire);
      host.start();
      await clock.advance(1);
      expect(fired).toEqual(['one']);
      host.redeliver(a);
      await clock.advance(1);
      expect(fired).toEqual(['one', 'one']);
    });

    it('remembers replies, each for its tenant', async () => {
      const reply = { key: 'k', reply: { x: Float32Array.of(1) }, revision: 1, asked: a, type: 'poke', pending: false };
      expect(host.remembered('t1', 'k')).toBeUndefined();
      await commit(host, turn(a, 0, { replies: [reply] }));
      await reopen();
      expect(host.remembered('t1', 'k')).toMatchObject(reply);
      expect(host.remembered('t2', 'k')).toBeUndefined();
    });

    it('keeps the newest dead letters of each tenant', async () => {
      for (let i = 0; i < 1_005; i++) {
        host.bury({ at: i, address: a, type: `t${i}`, reason: 'refused', detail: '', from: null });
      }
      host.bury({ at: 1, address: { ...a, tenant: 't2' }, type: 'other', reason: 'expired', detail: 'd', from: b });
      await host.drain();
      const letters = host.deadLetters({ tenant: 't1', limit: 5_000 });
      expect([letters.length, letters[0]!.type, letters.at(-1)!.type]).toEqual([1_000, 't1004', 't5']);
      await reopen();
      host.bury({ at: 1, address: a, type: 'newest', reason: 'refused', detail: '', from: null });
      await host.drain();
      expect(host.deadLetters({ tenant: 't1', limit: 1 }).map(({ type }) => type)).toEqual(['newest']);
      expect(host.deadLetters({ tenant: 't2', limit: 5 })).toEqual([
        { at: 1, address: { ...a, tenant: 't2' }, type: 'other', reason: 'expired', detail: 'd', from: b },
      ]);
    });

    it('refuses one turn that cannot be stored, with those behind it of the same actor, and nobody else', async () => {
      const bad = message(a, { ...b, id: 'x'.repeat(3_000) }, 2);
      await commit(host, turn(a, 0));
      const outcomes = await Promise.allSettled([
        commit(host, turn(b, 0)),
        commit(host, turn(a, 1, { messages: [bad] })),
        commit(host, turn({ ...a, id: 'c' }, 0)),
        commit(host, turn(a, 2)),
        commit(host, turn(b, 1)),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
      expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'INVALID' });
      expect([host.healthy(), (await host.activate(a))?.revision, (await host.activate(b))?.revision]).toEqual([
        true,
        1,
        2,
      ]);
      expect(host.head('t1')).toBe(4);
    });
  });
}
