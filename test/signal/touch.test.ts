/** What events do to a signal, under each of the published models. */
import { describe, expect, it } from 'vitest';
import { strengthAt } from '../../actors/kinds/signal/decay.ts';
import type { Deposit } from '../../actors/kinds/signal/events.ts';
import type { EventType, LivingSignal } from '../../actors/kinds/signal/model.ts';
import { type Profile, PUBLISHED } from '../../actors/kinds/signal/rules.ts';
import { touch } from '../../actors/kinds/signal/touch.ts';

type Given = Partial<Omit<Deposit, 'type' | 'rules'>>;

function deposit(profile: Profile, type: EventType, given: Given = {}): Deposit {
  return { type, value: 1, alpha: null, strength: null, rules: PUBLISHED[profile], signal_id: 'new', ...given };
}

/** Strength after these events, one after the other at the same moment; 0: there is none. */
function after(profile: Profile, ...events: [EventType, Given?][]): number {
  let signal: LivingSignal | null = null;
  for (const [type, given] of events) signal = touch(signal, deposit(profile, type, given), 0);
  return signal ? strengthAt(signal, 0) : 0;
}

describe('arch', () => {
  it.each([
    ['a proposal starts at 0.3', 0.3, [['proposal']]],
    ['ready starts at 0.3', 0.3, [['ready']]],
    ['test starts at 0.3', 0.3, [['test']]],
    ['a second proposal does not reinforce', 0.3, [['proposal'], ['proposal']]],
    ['ready and test leave it as it is', 0.3, [['proposal'], ['ready'], ['test']]],
    ['0.3 + reward 0.5 = 0.9', 0.9, [['proposal'], ['reward', { value: 0.5 }]]],
    ['0.3 + reward 0.8 is held at 1 (1.26)', 1, [['proposal'], ['reward', { value: 0.8 }]]],
    ['a reward of 0.5834 saturates', 1, [['proposal'], ['reward', { value: 0.5834 }]]],
    ['0.9 + penalty 0.3 = 0.6', 0.6, [['proposal'], ['reward', { value: 0.5 }], ['penalty', { value: 0.3 }]]],
    ['a penalty of all of it ends it', 0, [['proposal'], ['penalty', { value: 0.3 }]]],
    ['α 1.3 on 0.9 is held at 1', 1, [['proposal'], ['reward', { value: 0.9, alpha: 1.3 }]]],
    ['a reward without a signal starts at 0.3 first', 0.9, [['reward', { value: 0.5 }]]],
    ['a penalty without a signal does nothing', 0, [['penalty']]],
  ] as [string, number, [EventType, Given?][]][])('%s', (_, wanted, events) => {
    expect(after('arch', ...events)).toBeCloseTo(wanted, 12);
  });

  it('keeps the default α when an event brought its own', () => {
    const signal = touch(null, deposit('arch', 'reward', { alpha: 5, value: 0.1 }), 0);
    expect(signal).toMatchObject({ strength: 0.8, alpha: 1.2, lambda: 0.95 });
  });

  it('refreshes only the time on a second proposal, by the strength it has then', () => {
    const first = touch(null, deposit('arch', 'proposal'), 0)!;
    const second = touch(first, deposit('arch', 'proposal'), 60_000)!;
    expect(second.strength).toBeCloseTo(0.285, 12);
    expect(second).toMatchObject({ id: first.id, lastUpdated: 60_000 });
    expect(touch(first, deposit('arch', 'ready'), 60_000)).toBe(first);
  });

  it('comes up anew at 0.3, with another id, when it had become too weak', () => {
    const first = touch(null, deposit('arch', 'proposal', { signal_id: 'a' }), 0)!;
    const second = touch(first, deposit('arch', 'proposal', { signal_id: 'b' }), 67 * 60_000)!;
    expect(second).toMatchObject({ id: 'b', strength: 0.3 });
    expect(touch(first, deposit('arch', 'penalty'), 67 * 60_000)).toBeNull();
  });

  it('under a clock that was set back loses nothing and gains nothing', () => {
    const first = touch(null, deposit('arch', 'proposal'), 60_000)!;
    const second = touch(first, deposit('arch', 'reward', { value: 0.5 }), 0)!;
    expect(second).toMatchObject({ since: 60_000, lastUpdated: 60_000 });
    expect(strengthAt(second, 60_000)).toBeCloseTo(0.9, 12);
  });
});

describe('proto', () => {
  it.each([
    ['a reward multiplies by α', 0.36, [['proposal'], ['reward', { value: 0.1 }]]],
    ['and is held at 1', 1, Array.from({ length: 8 }, () => ['reward'])],
    ['a penalty subtracts', 0.1, [['proposal'], ['penalty', { value: 0.2 }]]],
  ] as [string, number, [EventType, Given?][]][])('%s', (_, wanted, events) => {
    expect(after('proto', ...events)).toBeCloseTo(wanted, 12);
  });
});

describe('site', () => {
  it.each([
    ['starts at 1', 1, [['proposal']]],
    ['or as strong as the client says', 0.5, [['proposal', { strength: 0.5 }]]],
    ['a reward multiplies by 1.2', 0.6, [['proposal', { strength: 0.5 }], ['reward']]],
    [
      'what is laid on top never weakens',
      0.5,
      [
        ['proposal', { strength: 0.5 }],
        ['ready', { strength: 0.2 }],
      ],
    ],
    [
      'and may strengthen',
      0.8,
      [
        ['proposal', { strength: 0.5 }],
        ['test', { strength: 0.8 }],
      ],
    ],
    ['a penalty takes nothing at once', 0.5, [['proposal', { strength: 0.5 }], ['penalty']]],
  ] as [string, number, [EventType, Given?][]][])('%s', (_, wanted, events) => {
    expect(after('site', ...events)).toBeCloseTo(wanted, 12);
  });

  it('after two penalties of 0.5 decays as with λ²', () => {
    let signal = touch(null, deposit('site', 'proposal'), 0);
    for (const value of [0.5, 0.5]) signal = touch(signal, deposit('site', 'penalty', { value }), 0);
    expect(strengthAt(signal!, 3_600_000)).toBeCloseTo(0.95 ** 2, 12);
  });
});
