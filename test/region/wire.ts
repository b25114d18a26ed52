/** Regions and the observer over HTTP: a client's calls with their answers typed. */
import { expect } from 'vitest';
import type { Client } from '../support/client.ts';

export interface DriftEventBody {
  readonly type: string;
  readonly cluster_id: string;
  readonly session_id: string;
  readonly drift_score: number;
  readonly [name: string]: unknown;
}

export interface RegionBody {
  readonly region_id: string;
  readonly meta_session_id: string;
  readonly cluster_count: number;
  readonly votes: readonly { readonly cluster_id: string; readonly ends_at: number }[];
  readonly voting_share: number;
  readonly recent_drift_events: readonly DriftEventBody[];
  readonly last_realignment: number | null;
  readonly realignment_count: number;
  readonly [name: string]: unknown;
}

export const at = (id: string, rest = '') => `/v1/region/${encodeURIComponent(id)}${rest}`;

export async function proclaim(client: Client, body: object = {}): Promise<string> {
  const { region_id } = await client.ok<RegionBody>('POST', '/v1/region/', { name: 'eu-west', ...body });
  return region_id;
}

export async function attach(client: Client, region: string, cluster: string): Promise<void> {
  await client.ok('POST', at(region, '/clusters'), { cluster_id: cluster });
}

export function lookAt(client: Client, region: string): Promise<RegionBody> {
  return client.ok<RegionBody>('GET', at(region));
}

const SUBJECTS = [
  ['How do I prune an apple tree in winter?', 'Cut the crossing branches above an outward bud of the apple tree.'],
  ['Which branches of the apple tree do I prune first?', 'Prune the dead branches of the apple tree first.'],
  ['When does the apple tree flower after I prune it?', 'The apple tree flowers in May when you prune it in winter.'],
] as const;
const AWAY = 'Compile the kernel module with debug symbols enabled';

/** Turns about one subject, then a message about another: the session drifts. */
export async function drift(client: Client, session: string): Promise<void> {
  for (const [message, response] of SUBJECTS) await client.turn(session, message, response);
  const run = await client.run({ session_id: session, message: AWAY });
  expect(run.drift_detected).toBe(true);
}

/** Waits until something is so, looking again every few ms. */
export async function until<T>(look: () => Promise<T>, so: (found: T) => boolean, ms = 5_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (so(found)) return found;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
