/** What the log says happened, counted in the server's process: nobody else's word is taken for it. */
import type { LogRecord } from '../../actors/ports.ts';
import type { Runtime } from '../../src/runtime.ts';
import { TENANT } from '../server/fill.ts';

export interface Tally {
  /** Newest record counted. */
  readonly seq: number;
  readonly records: number;
  /** Turns: `run`s of sessions. */
  readonly runs: number;
  readonly blends: number;
  /** Drifts that sessions noticed, clusters were told of, regions were told of. */
  readonly drifts: { readonly session: number; readonly cluster: number; readonly region: number };
  readonly realignments: number;
  readonly anomalies: number;
  readonly deadLetters: number;
}

const PAGE = 500;
/** More than a run may leave; what is counted as many is many. */
const LETTERS = 10_000;

/** Counts from where the log stands now; each call counts on. */
export function createAudit({ system }: Runtime): () => Promise<Tally> {
  let after = system.head(TENANT);
  let records = 0;
  const counts = new Map<string, number>();
  /** An event and the fact it publishes may have one name: that is one happening. */
  let last = '';
  const count = ({ address: { kind, id }, type, revision }: LogRecord) => {
    records++;
    const happening = `${kind} ${id} ${revision} ${type}`;
    if (happening === last) return;
    last = happening;
    const name = `${kind} ${type}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  return async () => {
    for (;;) {
      const page = system.records({ tenant: TENANT, after, limit: PAGE });
      page.forEach(count);
      after = page.at(-1)?.seq ?? after;
      if (page.length < PAGE) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const of = (name: string) => counts.get(name) ?? 0;
    return {
      seq: after,
      records,
      runs: of('session run'),
      blends: of('session vector.blend'),
      drifts: { session: of('session drift'), cluster: of('cluster drift'), region: of('region drift') },
      realignments: of('region realignment'),
      anomalies: of('observer anomaly.opened'),
      deadLetters: system.deadLetters({ tenant: TENANT, limit: LETTERS }).length,
    };
  };
}

/** A drift as it became visible at its region. */
export interface Seen {
  readonly session: string;
  /** {@link monotonicMs} */
  readonly at: number;
}

/** Ms of a clock that all processes of a machine share (CLOCK_MONOTONIC on Linux). */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Tells of each drift the moment its region's turn is durable. */
export async function watchRegions({ system }: Runtime, tell: (seen: Seen) => void): Promise<void> {
  for await (const item of system.subscribe({ tenant: TENANT, kinds: ['region'], types: ['drift'] })) {
    const at = monotonicMs();
    if (item.type === 'record') tell({ session: (item.record.payload as { session: string }).session, at });
  }
}
