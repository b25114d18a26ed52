import { describe, expect, it } from 'vitest';
import { Driven } from './drive.ts';

describe('the literal cache', () => {
  it('writes, overwrites and removes by key', () => {
    const session = new Driven();
    expect(session.send('entity.put')).toEqual({ key: 'PORT', size: 1, evicted: null });
    expect(session.send('entity.touch', { keys: ['PORT', 'nobody'] })).toEqual({ touched: 1 });
    expect(session.send('entity.put', { value: '9090' }).size).toBe(1);
    expect(session.context.entities).toEqual([
      { key: 'PORT', kind: 'constant', value: '9090', context: null, importance: 1, access: 1, seq: 2 },
    ]);
    expect(session.send('entity.remove')).toEqual({ key: 'PORT', size: 0, removed: true });
    expect(session.fail('entity.remove').code).toBe('NOT_FOUND');
  });

  it.each(['__proto__', 'constructor', 'src/a b/../c.ts', '☃'])('holds the key %s', (key) => {
    const session = new Driven();
    session.send('entity.put', { key, value: 'x' });
    expect(session.context.entities[0]?.key).toBe(key);
    expect(session.send('entity.remove', { key }).size).toBe(0);
  });

  it('refuses a kind nobody has', () => {
    expect(new Driven().fail('entity.put', { kind: 'planet' }).code).toBe('MALFORMED');
  });

  it('holds 1,000: the least important leaves, of equals the one written longest ago, never the newest', () => {
    const session = new Driven();
    for (let i = 0; i < 1_000; i++) session.send('entity.put', { key: `k${i}`, importance: i === 500 ? 0.1 : 1 });
    session.send('entity.put', { key: 'k0' }); // k0 is written again, so k1 is now the oldest
    expect(session.send('entity.put', { key: 'new', importance: 0 })).toEqual({
      key: 'new',
      size: 1_000,
      evicted: 'k500',
    });
    expect(session.send('entity.put', { key: 'newer' }).evicted).toBe('new');
    expect(session.send('entity.put', { key: 'newest' }).evicted).toBe('k1');
  });
});
