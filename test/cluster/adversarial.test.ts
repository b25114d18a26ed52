/** Everything at once, in any order: afterwards sessions and clusters agree on who belongs to whom. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sessionInput, type Team, team, theCluster, theSession } from './drive.ts';

const SESSIONS = ['a', 'b', 'c', 'd'];
const CLUSTERS = ['one', 'two'];

const session = fc.constantFrom(...SESSIONS);
const cluster = fc.constantFrom(...CLUSTERS);
const deed = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), cluster, session }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), cluster, session }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), session }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('make' as const), session }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dissolve' as const), cluster }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('found' as const), cluster }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('feedback' as const), cluster }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer D> ? D : never;

function carryOut({ system }: Team, what: Deed): Promise<unknown> {
  switch (what.do) {
    case 'add':
      return system.ask(theCluster(what.cluster), { type: 'member.add', session: what.session });
    case 'remove':
      return system.ask(theCluster(what.cluster), { type: 'member.remove', session: what.session });
    case 'delete':
      return system.remove(theSession(what.session));
    case 'make':
      return system.spawn(theSession(what.session), sessionInput());
    case 'dissolve':
      return system.remove(theCluster(what.cluster));
    case 'found':
      return system.spawn(theCluster(what.cluster), {
        name: 'x',
        mode: 'robust',
        coupling: 0.5,
        dimension: 2,
        embedder: 'hash',
      });
    case 'feedback': {
      const vector = Float64Array.of(0, 1);
      return system.ask(theCluster(what.cluster), { type: 'feedback.send', vector, sessions: SESSIONS });
    }
  }
}

/** What a caller may hear when others are faster. */
const EXPECTED = ['NOT_FOUND', 'CONFLICT', 'STALE'];

it('agree, whatever was asked of them at once', { timeout: 60_000 }, async () => {
  // Rows run one after the other, what is in a row at once.
  const rows = fc.array(fc.array(deed, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(rows, async (plan) => {
      const those = await team();
      for (const id of SESSIONS) await those.make(id);
      for (const id of CLUSTERS) await carryOut(those, { do: 'found', cluster: id });
      for (const row of plan) {
        const done = await Promise.allSettled(row.map((what) => carryOut(those, what)));
        for (const one of done) if (one.status === 'rejected') expect(EXPECTED).toContain(one.reason.code);
      }
      await those.settle();
      const believed: string[] = [];
      for (const id of SESSIONS.filter((one) => those.system.exists(theSession(one)))) {
        const { cluster: belongs } = await those.session(id);
        if (belongs !== null) believed.push(`${belongs}/${id}`);
      }
      const listed: string[] = [];
      for (const id of CLUSTERS.filter((one) => those.system.exists(theCluster(one)))) {
        const { members, joining } = await those.cluster(id);
        listed.push(...members.map((one) => `${id}/${one}`));
        expect(joining).toEqual([]);
      }
      expect(listed.sort()).toEqual(believed.sort());
      await those.stop();
    }),
    { seed: Number(process.env.SYNOD_FUZZ_SEED ?? 20_260_101), numRuns: Number(process.env.SYNOD_FUZZ_RUNS ?? 150) },
  );
});
