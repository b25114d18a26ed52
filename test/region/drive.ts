/** A region's chart without a runtime, and whole regions in a system of their own, without HTTP. */
import type { AnyMachineSnapshot } from 'xstate';
import type { Address } from '../../actors/address.ts';
import type { RegionContext, RegionInput } from '../../actors/kinds/region/model.ts';
import { region } from '../../actors/kinds/region.ts';
import { type Effect, Statechart } from '../../actors/statechart.ts';
import { runInline } from '../../src/compute/inline.ts';
import { KINDS as CLUSTER_KINDS, sessionInput, Team, theSession } from '../cluster/drive.ts';
import { at, type TestSystem, testSystem } from '../support/system.ts';

export const START = 1_700_000_000_000;
export const MINUTE = 60_000;
export const KINDS = [...CLUSTER_KINDS, region];

const chart = new Statechart(region.machine);

/** A region's chart, folded by hand. */
export class Driven {
  #snapshot: AnyMachineSnapshot;
  #effects: readonly Effect[] = [];
  at = START;

  constructor(input: Partial<RegionInput> = {}) {
    const whole: RegionInput = { id: 'r', name: 'r', threshold: 0.5, windowMs: MINUTE, at: START, ...input };
    this.#snapshot = chart.initial(whole).snapshot;
  }

  get context(): RegionContext {
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

  /** Clusters that said yes. */
  with(...clusters: string[]): this {
    for (const cluster of clusters) this.send('cluster.add', { cluster }).send(`claim.${cluster}.reply`);
    return this;
  }

  drift(cluster: string, drift_score = 0.7): this {
    return this.send('drift', { cluster, session: `${cluster}-1`, drift_score, drift_phase: 'drifted' });
  }

  /** The promise's answer. */
  done(vector: Float64Array | null = Float64Array.of(1, 0)): this {
    return this.send('xstate.done.actor.realign', { actorId: 'realign', output: { vector } });
  }

  failed(): this {
    return this.send('xstate.error.actor.realign', { actorId: 'realign', error: new Error('no thread') });
  }

  /** Parameters of the last event's effects of a type. */
  wished(type: string): unknown[] {
    return this.#effects
      .filter((effect) => effect.type === type)
      .map((effect) => ('params' in effect ? effect.params : effect));
  }

  /** Types of the facts the last event published. */
  get facts(): string[] {
    return this.wished('publish').map((fact) => (fact as { type: string }).type);
  }

  /** Clusters with an open vote. */
  get voters(): string[] {
    return this.context.clusters.filter(({ vote }) => vote?.spent === false).map(({ id }) => id);
  }
}

export const theRegion = (id: string): Address => at('region', id);

/** Sessions, clusters and regions that send each other what they have to. */
export class Country extends Team {
  async region(id: string): Promise<RegionContext> {
    return (await this.system.read<RegionContext>(theRegion(id)))!.context;
  }

  async ask<R = unknown>(id: string, event: { type: string; [key: string]: unknown }): Promise<R> {
    return (await this.system.ask(theRegion(id), event)).reply as R;
  }

  /** A region with its own session. */
  async proclaim(id: string, changes: Partial<RegionInput> = {}): Promise<void> {
    await this.system.spawn(theSession(id), sessionInput(null));
    await this.system.spawn(theRegion(id), { name: id, threshold: 0.5, windowMs: MINUTE, ...changes });
  }

  annex(id: string, cluster: string): Promise<{ added: boolean; error?: { code: string } }> {
    return this.ask(id, { type: 'cluster.add', cluster });
  }

  /** A cluster in a region, with one member that has a direction. */
  async settleIn(regionId: string, cluster: string, direction: Float32Array): Promise<void> {
    await this.found(cluster);
    await this.make(`${cluster}-1`, direction);
    await this.add(cluster, `${cluster}-1`);
    await this.annex(regionId, cluster);
  }

  /** As a session that is a member tells its cluster. */
  drift(cluster: string, session = `${cluster}-1`): Promise<unknown> {
    return this.tell(cluster, { type: 'drift', session, drift_score: 0.7, drift_phase: 'drifted', confirmed: false });
  }
}

export const compute = { run: async (kernel: never, args: never) => runInline(kernel, args) as never };

export async function country(
  options: Parameters<typeof testSystem>[1] = {},
): Promise<Country & Pick<TestSystem, 'stop' | 'clock' | 'store'> & { settle(): Promise<void> }> {
  const { system, clock, store, stop } = await testSystem(KINDS, { compute, ...options });
  return Object.assign(new Country(system), { stop, clock, store, settle: () => clock.advance(100) });
}
