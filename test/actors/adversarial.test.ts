/** Random histories of calls, crashes, restarts and failing commits against a model that only knows who was answered. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RESTARTS } from '../../actors/restarts.ts';
import { verifyChain } from '../../src/host/chain.ts';
import { peer } from '../support/kinds.ts';
import { type ControlledStore, controlledStore, dump } from '../support/stores.ts';
import { at, type TestSystem, testSystem } from '../support/system.ts';

interface Peer {
  sent: number[];
  got: number[];
}

type Step =
  | { do: 'tell'; who: 'a' | 'b'; key: boolean }
  | { do: 'boom'; who: 'a' | 'b' }
  | { do: 'repeat' }
  | { do: 'crash' }
  | { do: 'restart' }
  | { do: 'break' }
  | { do: 'mend' }
  | { do: 'hold' }
  | { do: 'letGo' }
  | { do: 'sweep' }
  | { do: 'wait'; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('tell' as const),
      who: fc.constantFrom('a' as const, 'b' as const),
      key: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('boom' as const), who: fc.constantFrom('a' as const, 'b' as const) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 60, 500, 2_000) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'repeat' as const,
        'crash' as const,
        'restart' as const,
        'break' as const,
        'mend' as const,
        'hold' as const,
        'letGo' as const,
        'sweep' as const,
      ),
    }),
  },
);

/** Nobody is there to release anybody. */
const restarts = { ...DEFAULT_RESTARTS, intensity: 10_000, maxBackoffMs: 1_000 };

class World {
  test!: TestSystem;
  control: ControlledStore = controlledStore();
  n = 0;
  life = 0;
  /** Told and answered. */
  readonly acknowledged: number[] = [];
  /** Told with a key, never answered for sure. */
  readonly open = new Map<number, 'a' | 'b'>();

  async begin(): Promise<void> {
    this.test = await testSystem([peer], { store: this.control.store, mailbox: 8, idleMs: 100, restarts });
  }

  tell(who: 'a' | 'b', n: number, key: boolean): void {
    const { life } = this;
    if (key) this.open.set(n, who);
    const options = key ? { idempotencyKey: `k${n}`, deadlineMs: 700 } : { deadlineMs: 700 };
    this.test.system.ask(at('peer', who), { type: 'tell', n }, options).then(
      () => {
        // What a crashed process would have said, nobody heard.
        if (life !== this.life) return;
        this.open.delete(n);
        if (!this.acknowledged.includes(n)) this.acknowledged.push(n);
      },
      () => {},
    );
  }

  async run(next: Step): Promise<void> {
    const { control, test } = this;
    switch (next.do) {
      case 'tell':
        this.tell(next.who, this.n++, next.key);
        break;
      case 'boom':
        test.system.ask(at('peer', next.who), { type: 'boom' }, { deadlineMs: 700 }).catch(() => {});
        break;
      case 'repeat':
        for (const [n, who] of this.open) this.tell(who, n, true);
        break;
      case 'crash': {
        const content = dump(control.store);
        this.life++;
        this.control = controlledStore();
        await this.control.store.commit(content);
        await this.begin();
        break;
      }
      case 'restart':
        control.failing = false;
        control.letGo();
        await test.stop();
        await this.begin();
        break;
      case 'break':
        control.failing = true;
        break;
      case 'mend':
        control.failing = false;
        break;
      case 'hold':
        control.hold();
        break;
      case 'letGo':
        control.letGo();
        break;
      case 'sweep':
        test.system.sweep();
        break;
      case 'wait':
        await test.clock.advance(next.ms);
    }
  }
}

describe('whatever happens', () => {
  it('what was acknowledged is there exactly once, and every message arrived once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const world = new World();
        await world.begin();
        await world.test.system.spawn(at('peer', 'a'), { other: 'b' });
        await world.test.system.spawn(at('peer', 'b'), { other: 'a' });
        for (const next of steps) await world.run(next);
        world.control.failing = false;
        world.control.letGo();
        await world.test.clock.advance(40_000);
        await world.run({ do: 'repeat' });
        await world.test.clock.advance(5_000);
        const { system, store } = world.test;
        const a = (await system.read<Peer>(at('peer', 'a')))!.context;
        const b = (await system.read<Peer>(at('peer', 'b')))!.context;
        const sent = [...a.sent, ...b.sent];
        expect(new Set(sent).size).toBe(sent.length);
        expect(sent).toEqual(expect.arrayContaining(world.acknowledged));
        // Asked again with its key, even an unanswered call has an answer now, and one effect.
        expect([...world.open.keys()]).toEqual([]);
        expect(b.got).toEqual(a.sent);
        expect(a.got).toEqual(b.sent);
        expect(store.count('outbox')).toBe(0);
        expect(system.inspect().quarantined).toEqual([]);
        expect(verifyChain(store, 't1').faults).toEqual([]);
        await world.test.stop();
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 60) },
    );
  });
});
