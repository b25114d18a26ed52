/** A cluster for an embedding application: names for its operations, and nothing else. */
import { type Call, type CallOptions, keyed, unless } from '../calls.ts';
import type { RunOptions, RunResult, Session, StoreOptions, StoreResult } from '../session.ts';

/** Fields as in `POST /v1/cluster/`. */
export interface ClusterSettings {
  readonly name: string;
  /** How members become one vector. Default `weighted_average`. */
  readonly aggregation_mode?: 'weighted_average' | 'attention' | 'robust';
  /** Share of the aggregate that feedback brings into a member, [0, 1]. Default 0: feedback changes nobody. */
  readonly coupling_factor?: number;
}

export interface ClusterState {
  readonly cluster_id: string;
  readonly name: string;
  readonly member_count: number;
  readonly phase: string;
  /** Stored turns of the session its members share. */
  readonly interaction_count: number;
  readonly total_memories: number;
  readonly aggregation_mode: NonNullable<ClusterSettings['aggregation_mode']>;
  readonly coupling_factor: number;
  /** Unit length; zeros while no member has a vector. */
  readonly aggregate_vector: readonly number[];
  readonly region_id: string | null;
  readonly members: readonly {
    readonly session_id: string;
    readonly interaction_count: number;
    readonly initialised: boolean;
    /** Share in the aggregate, [0, 1]. */
    readonly weight: number;
  }[];
}

/** Sessions that work on one thing, with a session they share. Every method is the operation that REST serves. */
export interface Cluster {
  /** Also that of the shared session. */
  readonly id: string;
  /**
   * @returns false when it was a member already
   * @throws AppError NOT_FOUND, CONFLICT when the session belongs to another cluster
   */
  add(session: Pick<Session, 'id'> | string): Promise<boolean>;
  /** @returns false when it was none */
  drop(session: Pick<Session, 'id'> | string): Promise<boolean>;
  /** Asks the shared session. */
  run(message: string, options?: RunOptions): Promise<RunResult>;
  /** Tells the shared session; on disk when it resolves. */
  store(message: string, response: string, options?: Omit<StoreOptions, 'message'>): Promise<StoreResult>;
  /** Blends the aggregate into every member, each exactly once. @returns how many members moved */
  feedback(options?: CallOptions): Promise<number>;
  state(): Promise<ClusterState>;
  /** Deletes the cluster and its shared session; its members stay. */
  remove(): Promise<void>;
}

/**
 * @param which an id, or settings for a new one
 * @throws AppError NOT_FOUND for an id nobody has, INVALID for settings out of range
 */
export async function openCluster(call: Call, which: string | ClusterSettings): Promise<Cluster> {
  if (typeof which !== 'string') {
    const { id } = await call<{ id: string }>('cluster.create', { body: which });
    return clusterOf(call, id);
  }
  await call('cluster.get', { path: { id: which } });
  return clusterOf(call, which);
}

export function clusterOf(call: Call, id: string): Cluster {
  const path = { id };
  return {
    id,
    add: async (session) =>
      (await call<{ added: boolean }>('cluster.member.add', { path, body: { session_id: idOf(session) } })).added,
    drop: async (session) =>
      (await call('cluster.member.remove', { path: { id, session_id: idOf(session) } }).catch(unless('NOT_FOUND'))) !==
      undefined,
    run: (message, { idempotencyKey, ...rest } = {}) =>
      call('cluster.run', { path, body: { ...rest, message } }, keyed(idempotencyKey)),
    store: (message, response, { idempotencyKey, ...rest } = {}) =>
      call('cluster.store', { path, body: { ...rest, message, response } }, keyed(idempotencyKey)),
    feedback: async ({ idempotencyKey } = {}) =>
      (await call<{ sessions_updated: number }>('cluster.feedback', { path }, keyed(idempotencyKey))).sessions_updated,
    state: () => call('cluster.get', { path }),
    remove: async () => void (await call('cluster.delete', { path }).catch(unless('NOT_FOUND'))),
  };
}

/** Of whatever has one. */
export function idOf(which: { readonly id: string } | string): string {
  return typeof which === 'string' ? which : which.id;
}
