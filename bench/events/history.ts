/** A long log of events: posted in process through the environment, with relaxed durability, and found again. */
import { randomUUID } from 'node:crypto';
import type { EventDraft } from '../../src/environment/event.ts';
import type { EventQuery } from '../../src/environment/events.ts';
import { createRuntime } from '../../src/runtime.ts';
import { loadConfig } from '../../src/settings.ts';
import { TENANT } from '../server/fill.ts';

/** Of one scope: ten signals, ten events each. */
export const EVENTS_PER_SCOPE = 100;
export const SIGNALS_PER_SCOPE = 10;
export const EVENTS_PER_TRACE = 20;
/** Scopes whose events come mixed with each other's. */
const SCOPES_AT_ONCE = 200;
const CALLERS = 512;
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Nothing in them fades, so that all signals still live when they are counted. */
export const RULES = 'history=lambda:1';

/** About 300 characters, so that an event is a kilobyte or two on the disk. */
const NOTE =
  'what the agent saw, did and thought of it, in the words of a language model that was asked to be brief '.repeat(3);

/** The nth of so many events: those of a few hundred scopes come mixed. */
export function historyDraft(n: number, events: number): EventDraft {
  const mixed = Math.max(1, Math.min(SCOPES_AT_ONCE, Math.floor(events / EVENTS_PER_SCOPE)));
  const group = mixed * EVENTS_PER_SCOPE;
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

/** Posts so many events, and times `asks` of each query in the same process. */
export async function fillHistory(options: {
  readonly data: string;
  readonly events: number;
  readonly asks: number;
  progress(line: string): void;
}): Promise<Filled> {
  const { data, events, asks, progress } = options;
  const settings = { data, durability: 'relaxed', 'signal-scopes': RULES };
  const runtime = await createRuntime({ config: loadConfig(settings, {}), logger: SILENT });
  try {
    const { environment } = runtime.services;
    const started = performance.now();
    let next = 0;
    const caller = async () => {
      while (next < events) {
        const n = next++;
        if (n % 10_000 === 0) progress(`filling the log, ${n} of ${events} events`);
        await environment.post({ tenant: TENANT, requestId: 'history', newId: randomUUID }, historyDraft(n, events));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    await runtime.host.drain();
    const seconds = (performance.now() - started) / 1_000;
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
