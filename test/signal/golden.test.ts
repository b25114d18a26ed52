/** The stored form of a signal, held by a golden file: a change of shape needs a version and a migration. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { signal } from '../../actors/kinds/signal.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';

const chart = new Statechart(signal.machine);
const { events, input } = signal.example;

function live(lived: typeof events) {
  let { snapshot } = chart.initial(input);
  for (const event of lived) ({ snapshot } = chart.fold(snapshot, event));
  return snapshot;
}

it('is stored as its golden file says, and goes on from it', () => {
  const golden = readFileSync(new URL(`../golden/signal-v${signal.version}.bin`, import.meta.url));
  const state = chart.persist(live(events.slice(0, -1)));
  const revision = events.length;
  const written = { kind: 'signal', version: signal.version, revision, state, timers: [], invocations: [] };
  expect(Buffer.from(encode(written)).equals(golden)).toBe(true);

  const restored = chart.restore(migrate({ kind: signal, chart }, decode<StoredSnapshot>(golden)));
  const { snapshot } = chart.fold(restored, events.at(-1)!);
  expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode(chart.persist(live(events))))).toBe(true);
  // 0.3 · 0.95 + 0.5 · 1.2, after another minute · 0.95, − 0.2.
  const { living } = snapshot.context as { living: { strength: number } };
  expect(living.strength).toBeCloseTo((0.3 * 0.95 + 0.6) * 0.95 - 0.2, 12);
});

it('documents every command it accepts', () => {
  const own = signal.machine.events.filter((type) => !type.endsWith('.*'));
  expect(new Set(own)).toEqual(new Set(Object.keys(signal.commands)));
});
