import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeVector, encodeVector } from '../../actors/kinds/session/base64.ts';
import { canonicalJson, checksumOf } from '../../actors/kinds/session/canonical.ts';
import { exportState } from '../../actors/kinds/session/export.ts';
import { importState } from '../../actors/kinds/session/import.ts';
import type { StateDict } from '../../actors/kinds/session/state-dict.ts';
import { Driven, v } from './drive.ts';
import { livedSession } from './lives.ts';

describe('the encoding', () => {
  it('writes vectors as little-endian float32 in base64', () => {
    // 1.0f = 0x3f800000 → 00 00 80 3f; −2.0f = 0xc0000000 → 00 00 00 c0
    expect(encodeVector(v(1, -2))).toBe(Buffer.from('0000803f000000c0', 'hex').toString('base64'));
    expect(decodeVector('AACAPwAAAMA=', 2)).toEqual(v(1, -2));
  });

  it.each(['AACAPwAAAMA', 'AACAPwAAAMA=\n', 'AACA', '', '!!!!', 'AACAPwAAAMA=AACA'])('refuses %j', (text) => {
    expect(decodeVector(text, 2)).toBeNull();
  });

  it('writes canonical JSON with sorted keys and shortest numbers', () => {
    expect(canonicalJson({ b: [1, 0.1, 1e21], a: { z: null, y: 'é"' } })).toBe(
      '{"a":{"y":"é\\"","z":null},"b":[1,0.1,1e+21]}',
    );
  });

  it('takes the checksum over everything but itself', () => {
    const expected = createHash('sha256').update('{"a":1,"b":2}').digest('hex');
    expect(checksumOf({ b: 2, checksum: 'whatever', a: 1 })).toBe(expected);
    const dict = exportState(livedSession(1, 50).context);
    expect(dict.checksum).toBe(checksumOf(dict));
  });
});

describe('the import', () => {
  const session = livedSession(3, 300);
  session.send('isolate', { level: 'QUARANTINE', exclusions: [v(0, 0, 1)], threshold: 0.9 });
  session.send('run', { message: 'aside', embedding: v(0, 0, 1) });
  session.send('anchor.add', { embedding: v(1, 0, 0) });
  session.send('entity.put', { key: '__proto__' });
  const dict = exportState(session.context);
  const seal = (changed: object): unknown => ({ ...changed, checksum: checksumOf(changed as Record<string, unknown>) });
  const clone = (): StateDict => structuredClone(dict);

  it('takes its own export', () => {
    expect(importState(dict)).toMatchObject({ ok: true });
  });

  it.each([
    { why: 'a text', tamper: (d: StateDict) => (d.memories[0]!.text += '!') },
    { why: 'a number', tamper: (d: StateDict) => (d.state[0]! += 1e-15) },
    { why: 'an importance', tamper: (d: StateDict) => (d.memories[0]!.importance = 0.123) },
    { why: 'a level', tamper: (d: StateDict) => (d.isolation.level = 'OPEN') },
    { why: 'the checksum', tamper: (d: StateDict) => (d.checksum = 'a'.repeat(64)) },
  ])('notices that $why was changed', ({ tamper }) => {
    const changed = clone();
    tamper(changed);
    expect(importState(changed)).toMatchObject({ ok: false, message: expect.stringContaining('checksum') });
  });

  type Loose = Record<string, unknown>;
  const spoil = (path: string, value: unknown) => (d: StateDict) => {
    const keys = path.split('.');
    const last = keys.pop()!;
    const parent = keys.reduce<Loose>((at, key) => at[key] as Loose, d as unknown as Loose);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  };
  const half = encodeVector(v(0.5, 0, 0));

  it.each([
    { why: 'a newer schema', tamper: spoil('schema_version', 2) },
    { why: 'a missing field', tamper: spoil('next_seq', undefined) },
    { why: 'an extra field', tamper: spoil('extra', 1) },
    { why: 'an extra field inside', tamper: spoil('config.extra', 1) },
    { why: 'a wrong type', tamper: spoil('turns', '3') },
    { why: 'an infinite number', tamper: spoil('created_at', Number.POSITIVE_INFINITY) },
    { why: 'a tier nobody has', tamper: spoil('memories.0.tier', 'deep') },
    { why: 'a state of another dimension', tamper: spoil('state', [1, 0]) },
    { why: 'a state that is not of unit length', tamper: spoil('state', [3, 4, 0]) },
    { why: 'a vector of another dimension', tamper: spoil('memories.0.embedding', encodeVector(v(1, 0))) },
    { why: 'a vector that is not of unit length', tamper: spoil('anchors.0', half) },
    { why: 'a vector with NaN', tamper: spoil('anchors.0', encodeVector(v(Number.NaN, 0, 0))) },
    { why: 'a vector that is not base64', tamper: spoil('anchors.0', 'AAAA AAAAAAAAAAAA') },
    { why: 'memories out of order', tamper: (d: StateDict) => d.memories.reverse() },
    { why: 'a memory twice', tamper: (d: StateDict) => (d.memories[1]!.hash = d.memories[0]!.hash) },
    { why: 'a memory from the future', tamper: spoil('memories.0.turn', 1e9) },
    { why: 'a memory used in the future', tamper: spoil('memories.0.used', 1e9) },
    { why: 'more memories than fit', tamper: spoil('config.memory.short_term', 1) },
    { why: 'an entity twice', tamper: (d: StateDict) => d.entities.push(d.entities[0]!) },
    { why: 'too many entities', tamper: (d: StateDict) => (d.entities = Array(1_001).fill(d.entities[0])) },
    { why: 'a pending id not given out', tamper: spoil('next_pending', 1) },
    { why: 'too long a history', tamper: spoil('histories.beta', Array(257).fill(0.5)) },
    { why: 'histories of different lengths', tamper: (d: StateDict) => d.histories.beta.pop() },
  ])('refuses $why, properly sealed', ({ tamper }) => {
    const changed = clone();
    tamper(changed);
    expect(importState(seal(changed))).toMatchObject({ ok: false });
  });

  it.each([null, undefined, 1, 'text', [], {}, { schema_version: 1 }, new Map()])(
    'refuses %j without throwing',
    (value) => {
      expect(importState(value)).toMatchObject({ ok: false });
    },
  );

  it('refuses a nesting deep enough to overflow the stack', () => {
    let deep: unknown = [];
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(importState({ ...dict, state: deep })).toMatchObject({ ok: false });
  });

  it('is not reached by __proto__ keys', () => {
    const polluted = JSON.parse(JSON.stringify(dict).replace('{', '{"__proto__":{"polluted":true},'));
    expect(importState(seal(polluted))).toMatchObject({ ok: false });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps the id of the session it goes to, and the hashes of the one it came from', () => {
    const imported = importState(dict);
    if (!imported.ok) throw new Error(imported.message);
    const target = new Driven({ id: 's2', config: session.context.config });
    expect(target.send('import', { state: imported.state })).toMatchObject({ imported: true });
    expect(target.context.id).toBe('s2');
    expect(target.context.memories.map((m) => m.hash)).toEqual(session.context.memories.map((m) => m.hash));
    expect(target.snapshot.value).toBe('QUARANTINE');
    expect(exportState(target.context)).toMatchObject({ state: dict.state, memories: dict.memories });
  });

  it('makes an answer on its way to an older message stale', () => {
    const imported = importState(dict);
    if (!imported.ok) throw new Error(imported.message);
    const target = new Driven({ config: session.context.config });
    for (let i = 0; i < 3; i++) target.send('run', { embedding: v(1, 0, 0) });
    target.send('import', { state: imported.state });
    expect(target.context.pending!.id).toBe(dict.pending!.id + 3);
    for (const pendingId of [1, 2, 3])
      expect(target.fail('store', { pendingId, embedding: v(1, 0, 0) }).code).toBe('STALE');
  });

  it.each([{ dimension: 4 }, { dimension: 3, embedder: 'other' }])(
    'refuses vectors that are not like its own: %j',
    (config) => {
      const imported = importState(dict);
      if (!imported.ok) throw new Error(imported.message);
      const target = new Driven({ config });
      expect(target.fail('import', { state: imported.state }).code).toBe('MALFORMED');
    },
  );
});
