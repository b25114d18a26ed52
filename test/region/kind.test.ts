/** The region as a kind: what it takes, what its example comes to, how it is stored. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createRegion } from '../../actors/kinds/region/model.ts';
import { region as kind } from '../../actors/kinds/region.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';
import { Driven } from './drive.ts';

const chart = new Statechart(kind.machine);
const { input, events } = kind.example;
const golden = () => readFileSync(new URL('../golden/region-v1.bin', import.meta.url));

function live(those: readonly { type: string }[]) {
  let { snapshot } = chart.initial(input);
  for (const event of those) ({ snapshot } = chart.fold(snapshot, event));
  return snapshot;
}

it('has an example life that works', () => {
  expect(live(events)).toMatchObject({ value: 'watching', context: { realignments: 1 } });
});

it('documents every command it accepts, and accepts every command it documents', () => {
  const answers = ['claim.*', 'vote.ended', 'resume'];
  expect(new Set(kind.machine.events.filter((type) => !type.startsWith('xstate.')))).toEqual(
    new Set([...Object.keys(kind.commands), ...answers]),
  );
});

it.each([{ threshold: 1.1 }, { threshold: Number.NaN }, { windowMs: 0 }, { windowMs: Number.POSITIVE_INFINITY }])(
  'cannot be made with %j',
  (wrong) => {
    expect(() => createRegion({ id: 'r', name: 'r', threshold: 0.5, windowMs: 1, at: 0, ...wrong })).toThrow(/wanted/);
  },
);

it('refuses what has the wrong shape', () => {
  const region = new Driven()
    .with('a')
    .send('drift', { cluster: 'a', session: 's', drift_score: 2, drift_phase: 'stable' });
  expect(region.wished('refuse')).toMatchObject([
    { code: 'INVALID', message: expect.stringMatching(/^drift: drift_score/) },
  ]);
});

it('is stored as the golden file of its version says, bit for bit', () => {
  const written: StoredSnapshot = {
    kind: 'region',
    version: kind.version,
    revision: events.length,
    state: chart.persist(live(events.slice(0, -1))),
    timers: [],
    invocations: [{ id: 'realign', src: 'realignment', input: null, revision: events.length }],
  };
  expect(Buffer.from(encode(written)).equals(golden())).toBe(true);
});

it('stored by version 1 goes on exactly as if it had never been stored', () => {
  const stored = decode<StoredSnapshot>(golden());
  expect(stored.version).toBe(1);
  const restored = chart.restore(migrate({ kind, chart } as never, stored), stored.invocations);
  const { snapshot } = chart.fold(restored, events.at(-1)!);
  expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode(chart.persist(live(events))))).toBe(true);
});
