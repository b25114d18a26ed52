/** Clusters over HTTP: a client's calls with their answers typed, and the vectors behind them. */
import type { SessionContext } from '../../actors/kinds/session/model.ts';
import type { Client } from '../support/client.ts';
import type { TestServer } from '../support/server.ts';

export interface ClusterBody {
  readonly cluster_id: string;
  readonly id: string;
  readonly name: string;
  readonly member_count: number;
  readonly phase: string;
  readonly interaction_count: number;
  readonly total_memories: number;
  readonly aggregation_mode: string;
  readonly coupling_factor: number;
  readonly region_id: string | null;
  readonly aggregate_vector: readonly number[];
  readonly members: readonly {
    readonly session_id: string;
    readonly interaction_count: number;
    readonly initialised: boolean;
    readonly weight: number;
  }[];
}

export const DIMENSION = 384;

/** A vector of the embedder's dimension that begins like this and is zero from there on. */
export function vector(...start: readonly number[]): number[] {
  return [...start, ...Array.from({ length: DIMENSION - start.length }, () => 0)];
}

export const at = (id: string, rest = '') => `/v1/cluster/${encodeURIComponent(id)}${rest}`;

export async function found(client: Client, body: object = {}): Promise<string> {
  const { cluster_id } = await client.ok<ClusterBody>('POST', '/v1/cluster/', { name: 'team', ...body });
  return cluster_id;
}

export function look(client: Client, id: string): Promise<ClusterBody> {
  return client.ok<ClusterBody>('GET', at(id));
}

/** A new member that starts in a direction, or without one. */
export async function member(client: Client, cluster: string, start?: readonly number[]): Promise<string> {
  const id = await client.create(start ? { template_embedding: vector(...start) } : {});
  await client.ok('POST', at(cluster, '/members'), { session_id: id });
  return id;
}

/** The first numbers of a session's vector, rounded to 12 digits. */
export async function direction(server: TestServer, tenant: string, id: string, count = 2): Promise<number[]> {
  const view = await server.running.runtime.system.read<SessionContext>({ tenant, kind: 'session', id });
  return [...view!.context.state.subarray(0, count)].map((x) => Number(x.toFixed(12)));
}
