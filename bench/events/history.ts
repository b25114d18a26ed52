/** A long log of events: written straight through the host, as their actors would have written them, and found again. */
import { randomUUID } from 'node:crypto';
import type { Address } from '../../actors/address.ts';
import { KINDS } from '../../actors/kinds/index.ts';
import { PUBLISHED } from '../../actors/kinds/signal/rules.ts';
import { machine, signal } from '../../actors/kinds/signal.ts';
import type { FoldedEvent, Turn } from '../../actors/ports.ts';
import { CREATED } from '../../actors/snapshots.ts';
import { type Fold, Statechart } from '../../actors/statechart.ts';
import { SystemClock } from '../../src/clock.ts';
import { actorIdOf, type EventDraft, POST } from '../../src/environment/event.ts';
import type { EventQuery } from '../../src/environment/events.ts';
import { indexRecord } from '../../src/environment/index-rows.ts';
import { EmbeddedHost } from '../../src/host/embedded.ts';
import { createRuntime } from '../../src/runtime.ts';
import { loadConfig } from '../../src/settings.ts';
import { openStore } from '../../src/store/index.ts';
import { TENANT } from '../server/fill.ts';

/** Of one scope: ten signals, ten events each. */
export const EVENTS_PER_SCOPE = 100;
export const SIGNALS_PER_SCOPE = 10;
export const EVENTS_PER_TRACE = 20;
/** Scopes whose events come mixed with each other's. */
const SCOPES_AT_ONCE = 200;
/** Handed to the host before the first of them is waited for. */
const BATCH = 4_000;
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Nothing in them fades, so that all signals still live when they are counted. */
const RULES = { ...PUBLISHED.arch, lambda: 1 };

/** About 300 characters, so that an event is a kilobyte or two on the disk. */
const NOTE =
  'what the agent saw, did and thought of it, in the words of a language model that was asked to be brief '.repeat(3);

/** The nth of so many events: those of a few hundred scopes come mixed. */
export function historyDraft(n: number, events: number): EventDraft {
  const { mixed, group } = shapeOf(events);
  const within = n % group;
  const scope = Math.floor(n / group) * mixed + (within % mixed);
  const pattern = Math.floor(within / mixed) % SIGNALS_PER_SCOPE;
  return {
    type: within < mixed * SIGNALS_PER_SCOPE ? 'proposal' : 'reward',
    scope: scopeName(scope),
    trace_id: traceName(Math.floor(n / EVENTS_PER_TRACE)),
    agent_id: `agent-${n % 100}`,
    payload: { action: `action-${pattern}`, value: 0.001, note: NOTE },
  };
}

function shapeOf(events: number): { mixed: number; group: number } {
  const mixed = Math.max(1, Math.min(SCOPES_AT_ONCE, Math.floor(events / EVENTS_PER_SCOPE)));
  return { mixed, group: mixed * EVENTS_PER_SCOPE };
}

export const scopeName = (n: number) => `history.s${n}`;
export const traceName = (n: number) => `trace-${n}`;

/** The queries that are timed: what is asked for, and the path that asks for it. */
export function queries(events: number) {
  const scopes = Math.max(1, Math.floor(events / EVENTS_PER_SCOPE));
  const traces = Math.max(1, Math.floor(events / EVENTS_PER_TRACE));
  // Far apart, and the same in every run.
  const spread = (i: number, of: number) => (i * 7_919) % of;
  return {
    'newest 100': { query: () => ({ limit: 100 }), path: () => '/api/events' },
    [`a scope, ${EVENTS_PER_SCOPE}`]: {
      query: (i: number) => ({ scope: scopeName(spread(i, scopes)), limit: 1_000 }),
      path: (i: number) => `/api/events/scope/${scopeName(spread(i, scopes))}`,
    },
    [`a trace, ${EVENTS_PER_TRACE}`]: {
      query: (i: number) => ({ trace: traceName(spread(i, traces)), limit: 1_000 }),
      path: (i: number) => `/api/events/trace/${traceName(spread(i, traces))}`,
    },
  } satisfies Record<string, { query(i: number): EventQuery; path(i: number): string }>;
}

export interface Filled {
  readonly seconds: number;
  readonly storeBytes: number;
  /** Milliseconds by name of the query, in process. */
  readonly latenciesMs: ReadonlyMap<string, readonly number[]>;
}

/** Writes so many events, and times `asks` of each query in the same process. */
export async function fillHistory(options: {
  readonly data: string;
  readonly events: number;
  readonly asks: number;
  progress(line: string): void;
}): Promise<Filled> {
  const { data, events, asks, progress } = options;
  const started = performance.now();
  await write(data, events, progress);
  const seconds = (performance.now() - started) / 1_000;
  const runtime = await createRuntime({ config: loadConfig({ data }, {}), logger: SILENT });
  try {
    const { environment } = runtime.services;
    const latenciesMs = new Map<string, number[]>();
    for (const [name, { query }] of Object.entries(queries(events))) {
      const times: number[] = [];
      for (let i = 0; i < asks; i++) {
        const asked = performance.now();
        await environment.events(TENANT, query(i));
        times.push(performance.now() - asked);
      }
      latenciesMs.set(name, times);
    }
    return { seconds, storeBytes: runtime.store.sizeBytes(), latenciesMs };
  } finally {
    await runtime.close();
  }
}

/** Folds the events as the actors would and commits their turns through the host, without mailboxes and callers. */
async function write(data: string, events: number, progress: (line: string) => void): Promise<void> {
  const store = await openStore({ data });
  const host = new EmbeddedHost({ store, clock: new SystemClock(), durability: 'relaxed', index: indexRecord });
  try {
    await host.adopt(KINDS);
    const { group } = shapeOf(events);
    let actors = new Map<string, Actor>();
    for (let n = 0; n < events; ) {
      progress(`filling the log, ${n} of ${events} events`);
      const turns: Turn[] = [];
      for (const end = Math.min(events, n + BATCH); n < end; n++) {
        // Another group of scopes: the signals of the one before are finished.
        if (n % group === 0) actors = new Map();
        turns.push(turnOf(actors, historyDraft(n, events)));
      }
      await Promise.all(turns.map((turn) => commit(host, turn)));
    }
  } finally {
    await host.close();
    await store.close();
  }
}

interface Actor {
  readonly address: Address;
  readonly snapshot: Fold['snapshot'];
  readonly revision: number;
}

const chart = new Statechart(machine);

/** The turn an event makes: as `post.ts` and the runtime have it, for an event that names its signal. */
function turnOf(actors: Map<string, Actor>, draft: EventDraft): Turn {
  const { type, scope, trace_id, agent_id, payload } = draft;
  const pattern = String(payload.action);
  const id = actorIdOf({ scope, pattern });
  const at = Date.now();
  const found = actors.get(id);
  const input = { id, scope, pattern, at };
  const folded: FoldedEvent[] = [];
  const common = { at, state: 'active', correlationId: 'history', causationId: null };
  if (!found) {
    const event = { type: CREATED, at, input };
    folded.push({ ...common, revision: 1, type: CREATED, event, state: 'dormant', facts: [] });
  }
  const actor = found ?? {
    address: { tenant: TENANT, kind: signal.name, id },
    snapshot: chart.initial(input).snapshot,
    revision: 1,
  };
  const revision = actor.revision + 1;
  const semp = { id: randomUUID(), type, scope, trace_id, agent_id, parent_ids: [], payload };
  const value = Number(payload.value);
  const deposit = { type, value, alpha: null, strength: null, rules: RULES, signal_id: randomUUID() };
  const event = { type: POST, at, semp, deposit, others: [] };
  const { snapshot, effects } = chart.fold(actor.snapshot, event);
  const facts = effects.flatMap((effect) =>
    effect.type === 'publish' ? [effect.params as FoldedEvent['facts'][0]] : [],
  );
  folded.push({ ...common, revision, type: POST, event, facts });
  actors.set(id, { ...actor, snapshot, revision });
  return {
    address: actor.address,
    version: signal.version,
    baseRevision: found ? actor.revision : 0,
    events: folded,
    snapshot: null,
    created: !found,
    removed: false,
    messages: [],
    timers: [],
    consumed: [],
    replies: [],
  };
}

function commit(host: EmbeddedHost, turn: Turn): Promise<void> {
  return new Promise((resolve, reject) => host.commit(turn, (error) => (error ? reject(error) : resolve())));
}
