/** Clusters and sessions in a system of their own, without HTTP. */
import type { Address } from '../../actors/address.ts';
import type { ClusterContext, ClusterInput } from '../../actors/kinds/cluster/model.ts';
import { cluster } from '../../actors/kinds/cluster.ts';
import type { SessionInput } from '../../actors/kinds/session/create.ts';
import type { SessionContext } from '../../actors/kinds/session/model.ts';
import { session } from '../../actors/kinds/session.ts';
import type { System } from '../../actors/system.ts';
import { at, testSystem } from '../support/system.ts';

export const KINDS = [session, cluster];

export const theSession = (id: string): Address => at('session', id);
export const theCluster = (id: string): Address => at('cluster', id);

export const north = Float32Array.of(1, 0);

/** A session of two dimensions that starts in a direction; null: without one. */
export function sessionInput(template: Float32Array | null = north): Partial<SessionInput> {
  return { config: { dimension: 2 }, template, policies: [] };
}

export function clusterInput(changes: Partial<ClusterInput> = {}): Partial<ClusterInput> {
  return { name: 'team', mode: 'weighted_average', coupling: 0.5, dimension: 2, embedder: 'hash', ...changes };
}

export class Team {
  readonly system: System;
  constructor(system: System) {
    this.system = system;
  }

  make(id: string, template: Float32Array | null = north): Promise<unknown> {
    return this.system.spawn(theSession(id), sessionInput(template));
  }

  /** A cluster with its own session. */
  async found(id: string, changes: Partial<ClusterInput> = {}): Promise<void> {
    await this.system.spawn(theSession(id), { ...sessionInput(null), cluster: id });
    await this.system.spawn(theCluster(id), clusterInput(changes));
  }

  async tell<R = unknown>(id: string, event: { type: string; [key: string]: unknown }, key?: string): Promise<R> {
    const options = key === undefined ? {} : { idempotencyKey: key };
    return (await this.system.ask(theCluster(id), event, options)).reply as R;
  }

  add(id: string, session: string): Promise<{ added: boolean; error?: { code: string } }> {
    return this.tell(id, { type: 'member.add', session });
  }

  async cluster(id: string): Promise<ClusterContext> {
    return (await this.system.read<ClusterContext>(theCluster(id)))!.context;
  }

  async session(id: string): Promise<SessionContext> {
    return (await this.system.read<SessionContext>(theSession(id)))!.context;
  }
}

export async function team(): Promise<Team & { stop(): Promise<void>; settle(): Promise<void> }> {
  const { system, clock, stop } = await testSystem(KINDS);
  return Object.assign(new Team(system), { stop, settle: () => clock.advance(100) });
}
