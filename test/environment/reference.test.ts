/**
 * Any sequence of events, under each of the published profiles, against the independent bookkeeping of `reference.ts`:
 * the same signals with the same strengths after every step, under clocks that jump, and after a restart.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { FakeClock } from '../support/clock.ts';
import { auditIndex } from './audit.ts';
import { type Live, live, TENANT } from './live.ts';
import { type Draft, nameOf, Reference, type Rules } from './reference.ts';

/** Sequences per profile; more by hand. */
const RUNS = Number(process.env.SYNOD_PROPERTY_RUNS ?? 15);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Below `step` whole steps count, and fast ones; the rest follows the profile. */
const STEPPED = { lambda: 0.5, intervalMs: 10_000, decay: 'stepped' } as const;

function rulesOf(profile: Rules['profile']): (scope: string) => Rules {
  const published = { profile, alpha: 1.2, lambda: 0.95, intervalMs: profile === 'site' ? HOUR : MINUTE };
  return (scope) =>
    scope === 'step' || scope.startsWith('step.')
      ? { ...published, lambda: STEPPED.lambda, intervalMs: STEPPED.intervalMs, stepped: true }
      : { ...published, stepped: false };
}

const scope = fc.constantFrom('a', 'a.b', 'step', 'step.x');
const value = fc.constantFrom(0, 0.001, 0.05, -0.3, 0.3, 0.5834, 1, 1e308, 'much', null);

/** What a step does; events name earlier ones by how many back they are. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('proposal', 'ready', 'test', 'reward', 'reward', 'penalty'),
      scope,
      trace: fc.constantFrom('t1', 't2', 't3'),
      name: fc.option(fc.constantFrom('p', 'q', 'default'), { nil: undefined }),
      key: fc.constantFrom('action', 'pattern'),
      parents: fc.array(fc.nat(12), { maxLength: 4 }),
      value: fc.option(value, { nil: undefined }),
      alpha: fc.option(fc.constantFrom(0.02, 0.5, 1.3, 10, -1), { nil: undefined }),
      strength: fc.option(fc.constantFrom(0, 0.005, 0.4, 1), { nil: undefined }),
      target: fc.option(fc.nat(5), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      wait: fc.constantFrom(1, 999, 10_000, 59_999, MINUTE, 20 * MINUTE, HOUR, 24 * HOUR, -1, -HOUR),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Everything about one run: the server, the bookkeeping, and which id each life of a signal was seen with. */
interface Run {
  server: Live;
  readonly clock: FakeClock;
  readonly reference: Reference;
  readonly posted: string[];
  readonly ids: string[];
  readonly lives: Map<string, string>;
}

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9;

async function compare({ server, clock, reference, lives, ids }: Run): Promise<void> {
  const wanted = reference.living(clock.now());
  const found = await server.signals();
  expect(found.map(({ scope, pattern }) => nameOf(scope, pattern)).sort()).toEqual([...wanted.keys()].sort());
  for (const { id, scope, pattern, strength, last_updated } of found) {
    const name = nameOf(scope, pattern);
    const entry = wanted.get(name)!;
    expect(close(strength, entry.now), `${name}: ${strength}, wanted ${entry.now}`).toBe(true);
    expect(last_updated, name).toBe(new Date(entry.updated).toISOString());
    const life = `${name}#${entry.life}`;
    if (!lives.has(life)) {
      expect([...lives.values()], 'a new life has an id of its own').not.toContain(id);
      lives.set(life, id);
      ids.push(id);
      reference.named(name, id);
    }
    expect(id, life).toBe(lives.get(life));
  }
  const order = found.map(({ strength }) => strength);
  expect(order).toEqual([...order].sort((a, b) => b - a));
}

async function take(run: Run, one: Step): Promise<void> {
  const { clock, reference, posted, ids } = run;
  if ('wait' in one) {
    if (one.wait < 0) clock.jump(one.wait);
    else await clock.advance(one.wait);
    return;
  }
  const draft: Draft = {
    type: one.type,
    scope: one.scope,
    trace_id: one.trace,
    agent_id: 'agent',
    // The unknown one counts for nothing.
    parent_ids: one.parents.map((back) => posted.at(-1 - back) ?? 'nobody'),
    payload: {
      ...(one.name === undefined ? {} : { [one.key]: one.name }),
      ...(one.value === undefined ? {} : { value: one.value }),
      ...(one.alpha === undefined ? {} : { alpha: one.alpha }),
      ...(one.strength === undefined ? {} : { strength: one.strength }),
      ...(one.target === undefined ? {} : { targetSignalId: ids.at(-1 - one.target) ?? 'none' }),
    },
  };
  const { event, touches } = await run.server.post(draft);
  posted.push(event.id);
  const changes = reference.post(event.id, draft, clock.now());
  expect(touches.map(({ scope, pattern }) => nameOf(scope, pattern)).sort()).toEqual(
    changes.map(({ scope, pattern }) => nameOf(scope, pattern)).sort(),
  );
  for (const { scope, pattern, from, to } of changes) {
    const touch = touches.find((other) => other.scope === scope && other.pattern === pattern)!;
    expect([close(touch.from, from), close(touch.to, to)], JSON.stringify({ touch, from, to })).toEqual([true, true]);
  }
}

describe.each(['arch', 'proto', 'site'] as const)('signals under the profile %s', (profile) => {
  it('are what the published rules make of the events, at every moment and after a restart', {
    timeout: 120_000,
  }, async () => {
    const signals = { profile, scopes: [{ scope: 'step', ...STEPPED }] };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const store = createMemoryStore();
        const clock = new FakeClock();
        const server = await live(store, { clock, signals });
        const run: Run = {
          server,
          clock,
          reference: new Reference(rulesOf(profile)),
          posted: [],
          ids: [],
          lives: new Map(),
        };
        try {
          for (const one of steps) {
            await take(run, one);
            await compare(run);
          }
          await run.server.runtime.close();
          run.server = await live(store, { clock, signals });
          await compare(run);
          const { events } = await run.server.runtime.services.environment.events(TENANT, { limit: 1_000 });
          expect(events.map(({ event }) => event.id)).toEqual(run.posted.toReversed());
          // Actors that were read back go on where they stopped.
          for (const one of steps.slice(0, 10)) await take(run, one);
          await compare(run);
          expect(auditIndex(store, TENANT)).toEqual([]);
          expect(verifyChain(store, TENANT).faults).toEqual([]);
        } finally {
          await run.server.runtime.close();
        }
      }),
      { numRuns: RUNS },
    );
  });
});
