/** The stored form of the network's kinds, held by golden files: a change of shape needs a version and a migration. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Kind } from '../../actors/kind.ts';
import { consensus } from '../../actors/kinds/consensus.ts';
import { partition } from '../../actors/kinds/partition.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';

const kinds: readonly Kind[] = [partition as Kind, consensus as Kind];

it.each(kinds.map((kind) => [kind.name, kind] as const))(
  '%s is stored as its golden file says, and goes on from it',
  (name, kind) => {
    const chart = new Statechart(kind.machine);
    const { events, input } = kind.example;
    const live = (lived: typeof events) => {
      let { snapshot } = chart.initial(input);
      for (const event of lived) ({ snapshot } = chart.fold(snapshot, event));
      return snapshot;
    };
    const golden = readFileSync(new URL(`../golden/${name}-v${kind.version}.bin`, import.meta.url));
    const state = chart.persist(live(events.slice(0, -1)));
    const revision = events.length;
    const written = { kind: name, version: kind.version, revision, state, timers: [], invocations: [] };
    expect(Buffer.from(encode(written)).equals(golden)).toBe(true);

    const restored = chart.restore(migrate({ kind, chart }, decode<StoredSnapshot>(golden)));
    const { snapshot } = chart.fold(restored, events.at(-1)!);
    expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode(chart.persist(live(events))))).toBe(true);
  },
);

it.each(kinds.map((kind) => [kind.name, kind] as const))('%s documents every command it accepts', (_name, kind) => {
  expect(new Set(kind.machine.events)).toEqual(new Set(Object.keys(kind.commands)));
});
