/**
 * The stored form of a session, held by a golden file. When this test fails because the shape changed on purpose: raise
 * the kind's version, write the migration, add the golden file of the new version — and leave the old ones, which must go on being read.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { session } from '../../actors/kinds/session.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';

const chart = new Statechart(session.machine);
const golden = (version: number) => readFileSync(new URL(`../golden/session-v${version}.bin`, import.meta.url));

/** The life of the kind's example, up to an event. */
function live(events: readonly { type: string }[]) {
  let { snapshot } = chart.initial(session.example.input);
  for (const event of events) ({ snapshot } = chart.fold(snapshot, event));
  return snapshot;
}

const { events } = session.example;

it('is stored as the golden file of its version says, bit for bit', () => {
  const written: StoredSnapshot = {
    kind: 'session',
    version: session.version,
    revision: events.length,
    state: chart.persist(live(events.slice(0, -1))),
    timers: [],
    invocations: [],
  };
  expect(Buffer.from(encode(written)).equals(golden(session.version))).toBe(true);
});

it.each([1, 2, 3])('stored by version %i goes on exactly as if it had never been stored', (version) => {
  const stored = decode<StoredSnapshot>(golden(version));
  expect(stored.version).toBe(version);
  const restored = chart.restore(migrate({ kind: session, chart } as never, stored));
  const { snapshot } = chart.fold(restored, events.at(-1)!);
  expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode(chart.persist(live(events))))).toBe(true);
});
