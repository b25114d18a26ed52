/**
 * The stored form of a session, held by a golden file. When this test fails because the shape changed on purpose: raise
 * the kind's version, write the migration, add `session-v2.bin` — and leave the old file, which must go on being read.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { session } from '../../actors/kinds/session.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';

const chart = new Statechart(session.machine);
const golden = readFileSync(new URL('../golden/session-v1.bin', import.meta.url));

/** The life of the kind's example, up to an event. */
function live(events: readonly { type: string }[]) {
  let { snapshot } = chart.initial(session.example.input);
  for (const event of events) ({ snapshot } = chart.fold(snapshot, event));
  return snapshot;
}

describe('a session stored by version 1', () => {
  const { events } = session.example;
  const stored = decode<StoredSnapshot>(golden);

  it('is what this program stores, bit for bit', () => {
    const written: StoredSnapshot = {
      kind: 'session',
      version: 1,
      revision: events.length,
      state: chart.persist(live(events.slice(0, -1))),
      timers: [],
      invocations: [],
    };
    expect(Buffer.from(encode(written)).equals(golden)).toBe(true);
  });

  it('goes on exactly as if it had never been stored', () => {
    const restored = chart.restore(migrate({ kind: session, chart } as never, stored));
    const { snapshot } = chart.fold(restored, events.at(-1)!);
    expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode(chart.persist(live(events))))).toBe(true);
  });
});
