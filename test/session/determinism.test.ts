import { expect, it } from 'vitest';
import { exportState } from '../../actors/kinds/session/export.ts';
import { importState } from '../../actors/kinds/session/import.ts';
import { Driven } from './drive.ts';
import { anything, livedSession, lottery } from './lives.ts';

const SEEDS = [1, 2, 3, 4, 5];

/** Freezes plain data; typed arrays cannot be frozen, so those are compared with a copy instead. */
function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
}

function visit(value: unknown, look: (leaf: unknown, path: string) => void, path = ''): void {
  if (ArrayBuffer.isView(value)) {
    for (const x of value as Float32Array) look(x, path);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) visit(part, look, `${path}.${key}`);
  } else look(value, path);
}

it.each(SEEDS)('comes to the same state from the same events (life %i)', (seed) => {
  const [one, other] = [livedSession(seed, 400), livedSession(seed, 400)];
  expect(one.context.turns).toBeGreaterThan(0);
  expect(one.context).toStrictEqual(other.context);
  expect(one.snapshot.value).toEqual(other.snapshot.value);
});

it.each(SEEDS)('never changes the state it is given (life %i)', (seed) => {
  const session = livedSession(seed, 100);
  const draw = lottery(seed + 100);
  for (let i = 0; i < 150; i++) {
    const before = session.context;
    deepFreeze(before);
    const copy = structuredClone(before);
    anything(session, draw);
    expect(before).toStrictEqual(copy);
  }
});

it.each(SEEDS)('holds plain data only: no undefined, no NaN, no classes (life %i)', (seed) => {
  const { context, snapshot } = livedSession(seed, 400);
  const odd: string[] = [];
  visit(context, (leaf, path) => {
    const plain = leaf === null || typeof leaf === 'string' || typeof leaf === 'boolean' || Number.isFinite(leaf);
    if (!plain) odd.push(`${path} is ${leaf}`);
  });
  expect(odd).toEqual([]);
  expect(structuredClone(context)).toStrictEqual(context);
  expect(snapshot.value).toBe(context.isolation.level);
});

it.each(SEEDS)('behaves the same to the bit after export, JSON and import (life %i)', (seed) => {
  const original = livedSession(seed, 300);
  const wire = JSON.stringify(exportState(original.context));
  const imported = importState(JSON.parse(wire));
  if (!imported.ok) throw new Error(imported.message);
  const { outcome: _, ...rest } = original.context;
  expect(imported.state).toStrictEqual({ ...rest, outcome: null });

  const copy = new Driven({ config: original.context.config });
  copy.send('import', { state: imported.state });
  copy.at = original.at;
  const [a, b] = [lottery(seed + 7), lottery(seed + 7)];
  for (let i = 0; i < 100; i++) expect(anything(copy, b)).toStrictEqual(anything(original, a));
  const { createdAt: __, ...expected } = original.context;
  expect(copy.context).toMatchObject(expected);
  expect(copy.snapshot.value).toBe(original.snapshot.value);
});
