/** The observer as a kind: what it takes, what its example comes to, how it is stored. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createObserver } from '../../actors/kinds/observer/model.ts';
import { observer as kind } from '../../actors/kinds/observer.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';

const chart = new Statechart(kind.machine);
const { input, events } = kind.example;
const golden = () => readFileSync(new URL('../golden/observer-v1.bin', import.meta.url));

function live(those: readonly { type: string }[]) {
  let { snapshot } = chart.initial(input);
  for (const event of those) ({ snapshot } = chart.fold(snapshot, event));
  return snapshot;
}

it('has an example life that works', () => {
  expect(live(events)).toMatchObject({
    value: 'idle',
    context: { samples: 1, anomalies: [{ type: 'systemic_drift', severity: 1 }] },
  });
});

it('documents every command it accepts, and accepts every command it documents', () => {
  const answers = ['observe.*', 'sample.due'];
  expect(new Set(kind.machine.events.filter((type) => !type.startsWith('xstate.')))).toEqual(
    new Set([...Object.keys(kind.commands), ...answers]),
  );
});

it.each([0, 999, 86_400_001, Number.NaN])('cannot be made with an interval of %d ms', (intervalMs) => {
  expect(() => createObserver({ id: 'observer', session: 's', intervalMs, at: 0 })).toThrow(/wanted/);
});

it('refuses what has the wrong shape', () => {
  const { effects } = chart.fold(live([]), { type: 'configure', at: 1, intervalMs: 'soon' } as never);
  expect(effects).toMatchObject([{ type: 'refuse', params: { code: 'INVALID' } }]);
});

it('is stored as the golden file of its version says, bit for bit', () => {
  const written: StoredSnapshot = {
    kind: 'observer',
    version: kind.version,
    revision: events.length,
    state: chart.persist(live(events)),
    timers: [],
    invocations: [],
  };
  expect(Buffer.from(encode(written)).equals(golden())).toBe(true);
});

it('stored by version 1 goes on exactly as if it had never been stored', () => {
  const stored = decode<StoredSnapshot>(golden());
  expect(stored.version).toBe(1);
  const last = { type: 'clear', at: Date.UTC(2026, 0, 2) };
  const restored = chart.restore(migrate({ kind, chart } as never, stored));
  const { snapshot } = chart.fold(restored, last);
  expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode(chart.persist(live([...events, last]))))).toBe(
    true,
  );
});
