/** The webhook's chart alone: its states, its arithmetic, its stored form, and what it does with nonsense. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AnyMachineSnapshot } from 'xstate';
import { schemas } from '../../actors/kinds/webhook/events.ts';
import {
  createWebhook,
  MAX_DELIVERIES,
  type WebhookContext,
  type WebhookInput,
} from '../../actors/kinds/webhook/model.ts';
import { webhook } from '../../actors/kinds/webhook.ts';
import type { StoredSnapshot } from '../../actors/ports.ts';
import { migrate } from '../../actors/snapshots.ts';
import { type Effect, Statechart } from '../../actors/statechart.ts';
import { decode, encode } from '../../src/host/codec.ts';

const chart = new Statechart(webhook.machine);
const { input, events } = webhook.example;
const golden = (version: number) => readFileSync(new URL(`../golden/webhook-v${version}.bin`, import.meta.url));
const NOW = 1_700_000_000_000;

function live(those: readonly { type: string }[]): AnyMachineSnapshot {
  let { snapshot } = chart.initial(input);
  for (const event of those) ({ snapshot } = chart.fold(snapshot, event));
  return snapshot;
}

/** A chart, folded by hand. */
class Driven {
  #snapshot: AnyMachineSnapshot;
  #effects: readonly Effect[] = [];
  at = NOW;

  constructor(changes: object = {}) {
    const whole = { id: 'w', url: 'https://a.example/', events: [], scopes: [], cursor: 0, sealed: 's1', active: true };
    this.#snapshot = chart.initial({ ...whole, at: NOW, ...changes }).snapshot;
  }

  get context(): WebhookContext {
    return this.#snapshot.context;
  }

  get state(): unknown {
    return this.#snapshot.value;
  }

  send(type: string, payload: object = {}): this {
    const { snapshot, effects } = chart.fold(this.#snapshot, { type, at: this.at, ...payload } as never);
    this.#snapshot = snapshot;
    this.#effects = effects;
    return this;
  }

  accepts(type: string): boolean {
    return chart.accepts(this.#snapshot, { type });
  }

  /** @param under the configuration it began under; absent, as in events of earlier versions: the present one */
  attempt(seq: number, status: number | null, jitter = 0, under?: number): this {
    const error = status !== null && status < 300 ? null : `answered ${status}`;
    const names = { delivery: `msg_${seq}`, event: `e${seq}`, event_type: 'reward' };
    const configuration = under === undefined ? {} : { configuration: under };
    return this.send('attempted', { seq, ...names, status, error, ms: 5, jitter, ...configuration });
  }

  /** Every attempt there is. */
  fail(seq: number): this {
    for (let i = 0; i < 5; i++) this.attempt(seq, 500);
    return this;
  }

  wished(type: string): unknown[] {
    return this.#effects.flatMap((effect) => (effect.type === type && 'params' in effect ? [effect.params] : []));
  }
}

it('has an example life that works, and documents every command it takes', () => {
  expect(live(events)).toMatchObject({
    value: 'waiting',
    context: { cursor: 20, pending: { seq: 21, attempts: 2 }, url: 'https://hooks.example.com/v2', delivered: 1 },
  });
  const taken = webhook.machine.events.map(String).filter((type) => type !== '' && !type.startsWith('xstate.'));
  expect(new Set(taken)).toEqual(new Set(Object.keys(webhook.commands)));
  expect(Object.keys(webhook.commands)).toEqual(Object.keys(schemas));
});

describe('a delivery', () => {
  it('moves the cursor when it succeeds, and ends a row of failures', () => {
    const driven = new Driven().fail(1).fail(2).attempt(3, 204);
    expect(driven.context).toMatchObject({ cursor: 3, pending: null, failures: 0, delivered: 1, failed: 2 });
    expect(driven.state).toBe('active');
  });

  it('is tried five times, after 1, 2, 4 and 8 seconds', () => {
    const driven = new Driven();
    const waits = [500, 404, null, 302].map((status) => {
      driven.attempt(7, status);
      expect(driven.state).toBe('waiting');
      expect(driven.context.cursor).toBe(0);
      return driven.context.pending!.dueAt - driven.at;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
    driven.attempt(7, 503);
    expect(driven.state).toBe('active');
    expect(driven.context).toMatchObject({ cursor: 7, pending: null, failures: 1, failed: 1 });
    expect(driven.context.deliveries.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'retrying'],
      [2, 'retrying'],
      [3, 'retrying'],
      [4, 'retrying'],
      [5, 'failed'],
    ]);
    expect(driven.wished('publish')).toEqual([
      {
        type: 'delivery.failed',
        payload: { delivery: 'msg_7', event: 'e7', attempts: 5, error: 'answered 503' },
      },
    ]);
  });

  it('is tried again up to a quarter later, by chance', () => {
    expect(new Driven().attempt(1, 500, 1).context.pending?.dueAt).toBe(NOW + 1_250);
    expect(new Driven().attempt(1, 500, 0.5).context.pending?.dueAt).toBe(NOW + 1_125);
  });

  it('counts once, whoever tells of it again', () => {
    const driven = new Driven().attempt(3, 204);
    const { context } = driven;
    expect(driven.attempt(3, 204).wished('refuse')).toMatchObject([{ code: 'STALE' }]);
    expect(driven.context).toEqual(context);
  });

  it('begins anew with another event, receiver or filter', () => {
    const twice = () => new Driven().attempt(1, 500).attempt(1, 500);
    expect(twice().attempt(2, 500).context.pending).toMatchObject({ seq: 2, attempts: 1 });
    expect(twice().send('update', { url: 'https://b.example/' }).state).toBe('active');
    expect(twice().send('skip', { cursor: 1 }).context.pending).toBeNull();
  });

  it('is remembered, the last hundred attempts', () => {
    const driven = new Driven();
    for (let seq = 1; seq <= MAX_DELIVERIES + 5; seq++) driven.attempt(seq, 204);
    expect(driven.context.deliveries).toHaveLength(MAX_DELIVERIES);
    expect(driven.context.deliveries[0]).toMatchObject({ id: 'msg_6', outcome: 'delivered', attempt: 1, status: 204 });
    expect(driven.context.delivered).toBe(MAX_DELIVERIES + 5);
  });
});

describe('an attempt that began before the webhook was changed', () => {
  const changes = [{ url: 'https://b.example/' }, { active: true }, { active: false }, { scopes: ['ui'] }, {}];

  it.each(changes)('by %j does not hold against it what the receiver said', (change) => {
    const failing = () => {
      const driven = new Driven();
      for (let seq = 1; seq < 50; seq++) driven.fail(seq);
      return driven;
    };
    for (const status of [410, 500, null]) {
      const driven = failing().send('update', change);
      const { context, state } = driven;
      driven.attempt(50, status, 0, 0);
      expect(driven.state).toEqual(state);
      expect(driven.context).toEqual({ ...context, deliveries: expect.any(Array) });
      expect(driven.context.deliveries.at(-1)).toMatchObject({ id: 'msg_50', status, outcome: 'retrying' });
      expect(driven.wished('publish')).toEqual([]);
    }
  });

  it('counts when it was delivered', () => {
    const driven = new Driven().send('update', { url: 'https://b.example/' }).attempt(3, 204, 0, 0);
    expect(driven.context).toMatchObject({ cursor: 3, pending: null, delivered: 1 });
  });

  it('is another one after every change, and the one after it is not', () => {
    const driven = new Driven().send('update', { active: false }).send('update', { active: true });
    expect(driven.attempt(1, 410, 0, 1).state).toBe('active');
    expect(driven.attempt(1, 410, 0, 2).state).toBe('disabled');
  });
});

describe('a webhook', () => {
  it('is disabled by a 410, and keeps the event for later', () => {
    const driven = new Driven().attempt(1, 204).attempt(2, 410);
    expect(driven.state).toBe('disabled');
    expect(driven.context).toMatchObject({ cursor: 1, disabled: { reason: 'gone' }, failures: 1 });
    expect(driven.wished('publish')).toContainEqual({
      type: 'webhook.disabled',
      payload: { reason: 'gone', failures: 1 },
    });
    expect(driven.send('update', { active: true }).context).toMatchObject({ cursor: 1, disabled: null, failures: 0 });
    expect(driven.state).toBe('active');
  });

  it('is disabled by the fiftieth failure in a row, not by the forty-ninth', () => {
    const driven = new Driven();
    for (let seq = 1; seq < 50; seq++) driven.fail(seq);
    expect(driven.state).toBe('active');
    driven.fail(50);
    expect([driven.state, driven.context.disabled?.reason, driven.context.cursor]).toEqual([
      'disabled',
      'failures',
      50,
    ]);
  });

  it('that is paused takes the outcome of the attempt under way, and no more', () => {
    const driven = new Driven().send('update', { active: false });
    expect(driven.state).toBe('disabled');
    expect(driven.attempt(1, 204).context).toMatchObject({ cursor: 1, disabled: { reason: 'paused' } });
    expect(driven.attempt(2, 500).state).toBe('disabled');
    expect(driven.accepts('skip')).toBe(false);
  });

  it('goes on from its cursor, or from where it is told', () => {
    const paused = () => new Driven({ cursor: 5 }).send('update', { active: false });
    expect(paused().send('update', { active: true }).context.cursor).toBe(5);
    expect(paused().send('update', { active: true, cursor: 90 }).context.cursor).toBe(90);
    expect(paused().send('update', { active: true, cursor: 1 }).context.cursor).toBe(5);
  });

  it('can be made disabled', () => {
    expect(new Driven({ active: false }).state).toBe('disabled');
  });

  it('has two secrets while a rotation lasts, and never three', () => {
    const driven = new Driven().send('rotate', { sealed: 's2', graceMs: 60_000 });
    expect(driven.context.secrets).toEqual([
      { sealed: 's2', until: null },
      { sealed: 's1', until: NOW + 60_000 },
    ]);
    expect(driven.wished('reply')).toEqual([{ sealed: 's2', previousUntil: NOW + 60_000 }]);
    driven.send('rotate', { sealed: 's3', graceMs: 60_000 });
    expect(driven.context.secrets.map(({ sealed }) => sealed)).toEqual(['s3', 's2']);
    driven.send('rotate', { sealed: 's4', graceMs: 0 });
    expect(driven.context.secrets).toEqual([{ sealed: 's4', until: null }]);
  });

  it('only ever moves its cursor forward', () => {
    const driven = new Driven({ cursor: 5 });
    expect(driven.send('skip', { cursor: 5 }).wished('refuse')).toMatchObject([{ code: 'STALE' }]);
    expect(driven.send('skip', { cursor: 6 }).context.cursor).toBe(6);
  });

  it.each([
    { cursor: -1 },
    { cursor: 0.5 },
    { cursor: Number.NaN },
    { scopes: Array.from({ length: 101 }, () => 'a') },
  ])('cannot be made with %j', (wrong) =>
    expect(() => createWebhook({ ...(input as WebhookInput), ...wrong })).toThrow(/wanted/),
  );

  it.each([
    ['attempted', { seq: -1 }],
    ['attempted', {}],
    ['skip', { cursor: 'x' }],
    ['update', { url: '' }],
    ['update', { events: [1] }],
    ['rotate', { sealed: 's', graceMs: 8 * 86_400_000 }],
    ['rotate', { graceMs: 1 }],
  ])('refuses %s with %j', (type, payload) => {
    const driven = new Driven();
    const before = driven.context;
    expect(driven.send(type, payload).wished('refuse')).toMatchObject([
      { code: 'INVALID', message: expect.stringMatching(new RegExp(`^${type}: `)) },
    ]);
    expect(driven.context).toEqual(before);
  });
});

/** When the shape changes on purpose: raise the version, write the migration, add a golden file, leave the old ones. */
describe('its stored form', () => {
  const written: StoredSnapshot = {
    kind: 'webhook',
    version: webhook.version,
    revision: events.length,
    state: chart.persist(live(events.slice(0, -1))),
    timers: [],
    invocations: [],
  };

  it('is the golden file of its version, bit for bit', () => {
    expect(Buffer.from(encode(written)).equals(golden(webhook.version))).toBe(true);
  });

  it.each([1, 2])('of version %i goes on exactly as if it had never been stored', (version) => {
    const stored = decode<StoredSnapshot>(golden(version));
    expect(stored.version).toBe(version);
    const restored = chart.restore(migrate({ kind: webhook, chart } as never, stored));
    const { snapshot } = chart.fold(restored, events.at(-1)!);
    const whole = chart.persist(live(events));
    // Version 1 did not count its changes; nobody refers to those before.
    const context = version > 1 ? whole.context : { ...(whole.context as WebhookContext), configuration: 0 };
    expect(Buffer.from(encode(chart.persist(snapshot))).equals(encode({ ...whole, context }))).toBe(true);
  });
});
