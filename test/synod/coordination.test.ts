/** Clusters, regions, the observer and the network from inside a process: the operations of REST by shorter names. */
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Synod } from '../../src/index.ts';
import { OPERATIONS } from '../../src/operations/index.ts';
import { openSynod, temporaryDirectory } from './machines.ts';

/** Enough turns about one thing for another thing to be drift. */
async function teach(synod: Synod, id: string, about = 'pump'): Promise<void> {
  const session = await synod.session(id);
  for (let n = 0; n < 4; n++)
    await session.store(`The ${about} number ${n} is blue.`, { message: `Which ${about} ${n}?` });
}

describe('a cluster', () => {
  it('has members, a session they share, and an aggregate that feeds back', async () => {
    const synod = await openSynod();
    await teach(synod, 'ada');
    await teach(synod, 'bob', 'sensor');
    const cluster = await synod.cluster({ name: 'team', coupling_factor: 0.5 });
    expect(await cluster.add('ada')).toBe(true);
    expect(await cluster.add(await synod.session('bob'))).toBe(true);
    expect(await cluster.add('ada')).toBe(false);
    await cluster.store('Which colour do we like?', 'We like blue.');
    expect((await cluster.run('Which colour do we like best?')).context).toContain('We like blue.');
    expect(await cluster.feedback()).toBe(2);
    const state = await cluster.state();
    expect(state).toMatchObject({ name: 'team', member_count: 2, aggregation_mode: 'weighted_average' });
    expect(Math.hypot(...state.aggregate_vector)).toBeCloseTo(1, 6);
    expect(await cluster.drop('bob')).toBe(true);
    expect(await cluster.drop('bob')).toBe(false);
    await cluster.remove();
    await cluster.remove();
    await expect(synod.cluster(cluster.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await (await synod.session('ada')).metrics()).interaction_count).toBe(4);
  });

  it('is found again by its id after a restart', async () => {
    const data = temporaryDirectory();
    const before = await openSynod({ data });
    const { id } = await before.cluster({ name: 'team' });
    await before.close();
    const cluster = await (await openSynod({ data })).cluster(id);
    expect(await cluster.state()).toMatchObject({ cluster_id: id, name: 'team', member_count: 0 });
  });
});

describe('a region and the observer', () => {
  it('hear of a drift, realign, and report it', async () => {
    const synod = await openSynod();
    await teach(synod, 'ada');
    const cluster = await synod.cluster({ name: 'team' });
    await cluster.add('ada');
    const region = await synod.region({ name: 'north', consensus_threshold: 1 });
    expect(await region.add(cluster)).toBe(true);
    const observer = await synod.observer({ region_ids: [region.id] });
    expect((await synod.observer()).id).toBe(observer.id);

    await (await synod.session('ada')).run('Who plays the cello at the summer party?');
    while ((await region.state()).last_realignment === null) await wait(1);
    const [realignment, drift] = await region.events();
    expect([realignment!.type, drift!.type]).toEqual(['realignment', 'drift']);
    expect(drift).toMatchObject({ cluster_id: cluster.id, region_id: region.id, drift_phase: 'drifted' });

    expect(await observer.sample()).toMatchObject({ clusters_sampled: 1, regions_sampled: 1 });
    const [anomaly] = await observer.anomalies();
    expect(anomaly).toMatchObject({ type: 'systemic_drift', severity: 1, affected_cluster_ids: [cluster.id] });
    expect(await observer.summary()).toMatchObject({ regions_observed: 1, anomaly_count: 1 });
    expect(await observer.clear()).toBe(1);
    expect(await observer.anomalies({ limit: 5 })).toEqual([]);

    expect(await observer.drop(region)).toBe(true);
    await observer.add(region);
    expect(await region.drop(cluster)).toBe(true);
    await region.remove();
    await expect(synod.region(region.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await observer.summary()).regions_observed).toBe(0);
  });
});

describe('the network', () => {
  it('transfers, keeps users apart, and decides by trust', async () => {
    const synod = await openSynod();
    for (const id of ['ada', 'bob', 'eve']) await teach(synod, id, id === 'eve' ? 'cello' : 'pump');
    const network = synod.network();
    const { delta_norm, updated } = await network.transfer('eve', 'bob', { max_weight: 0.5 });
    expect(delta_norm).toBeGreaterThan(0.5);
    expect(updated).toBe(true);

    const target = await synod.call<{ data: [{ embedding: number[] }] }>('embeddings', {
      body: { model: 'any', input: 'Which pump 1? The pump number 1 is blue.' },
    });
    const { embedding } = target.data[0];
    const proposal = await network.propose(embedding, { proposer_session_id: 'ada' });
    expect(Object.keys(proposal.trust_scores)).toContain('ada');
    expect(await network.proposal(proposal.proposal_id)).toMatchObject({ status: proposal.status });
    const open = await network.propose(embedding, { proposer_session_id: 'ada', voting_timeout: 60, voters: ['bob'] });
    expect((await network.vote(open.proposal_id, 'bob', true)).accepted).toBe(true);
    const before = (await network.trust()).bob!;
    await network.outcome(open.proposal_id, embedding);
    expect((await network.trust()).bob).toBeGreaterThan(before);

    expect(await network.switchUser('lisa')).toBe('default');
    expect(await network.activeUser()).toBe('lisa');
    await expect(synod.call('session.metrics', { path: { id: 'ada' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await network.switchUser('default')).toBe('lisa');
    expect(await synod.call('session.metrics', { path: { id: 'ada' } })).toMatchObject({ interaction_count: 4 });
  });
});

it('every operation of the coordination layers has a name in process, or is told by `call`', async () => {
  // Lists and pages are left to `call`; a new operation should be thought of here.
  const named =
    /^(cluster\.(create|get|delete|member\.(add|remove)|run|store|feedback|list)|region\.(create|get|delete|events|cluster\.(add|remove))|observer\.(create|summary|sample|anomalies|anomalies\.clear|region\.(register|unregister))|network\.(transfer|users\.(switch|active)|consensus\.(propose|proposal|vote|outcome|trust)))$/;
  const others = OPERATIONS.map(({ name }) => name).filter(
    (name) => /^(cluster|region|observer|network)\./.test(name) && !named.test(name),
  );
  expect(others).toEqual(['region.list', 'network.users.serialize']);
});
