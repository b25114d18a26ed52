/** Plays two teams in one region: they come together through feedback, then lose their topic, and the observer sees it. */
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../../actors/errors.ts';
import type { Client } from '../../client/index.ts';
import type { Team, Teammate } from './teams-script.ts';

/** Share of the team's vector that feedback brings into a member. */
export const COUPLING = 0.4;
/** Share of the region's clusters that have to drift. */
export const THRESHOLD = 1;
const ROUNDS = 4;
/** What a region is waited for: it hears of a drift in milliseconds. */
const LOOKS = 500;
const LOOK_MS = 10;

/** How near the members of each team are to each other, cosine in [-1, 1], in the order of the teams. */
export type Nearness = readonly number[];

export interface Drifted {
  readonly team: string;
  readonly name: string;
  readonly question: string;
  readonly score: number;
  /** Clusters of the region that have voted by now. */
  readonly votes: number;
  readonly realigned: boolean;
}

export interface Reported {
  readonly type: string;
  readonly severity: number;
  readonly description: string;
}

/** What is shown, as it happens. */
export interface Show {
  feedback(round: number, nearness: Nearness): void;
  drift(drifted: Drifted): void;
  anomaly(reported: Reported): void;
}

export async function playTeams(client: Client, teams: readonly Team[], show: Show): Promise<void> {
  const region = await client.region.create({ name: 'demo', consensus_threshold: THRESHOLD });
  const clusters: string[] = [];
  for (const { name, members } of teams) {
    const settings = { name, aggregation_mode: 'weighted_average', coupling_factor: COUPLING };
    const { id } = await client.cluster.create(settings);
    clusters.push(id);
    await client.region.cluster.add({ id: region.id, cluster_id: id });
    for (const member of members) await admit(client, id, member);
  }
  await client.observer.create({ region_ids: [region.id] });

  show.feedback(0, await nearness(client, teams));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const id of clusters) await client.cluster.feedback({ id });
    show.feedback(round, await nearness(client, teams));
  }

  for (const [place, { name: team, members, surprise: question }] of teams.entries()) {
    const { name } = members[0];
    const { drift_score: score } = await client.session.run({ session_id: name, message: question });
    const { votes, realigned } = await heard(client, region.id, clusters[place]!, place + 1 === teams.length);
    show.drift({ team, name, question, score, votes, realigned });
  }
  await client.observer.sample();
  for (const anomaly of await client.observer.anomalies()) show.anomaly(anomaly);
}

async function admit(client: Client, cluster: string, { name, knows }: Teammate): Promise<void> {
  await client.session.create({ session_id: name });
  for (const { question, answer } of knows) {
    await client.session.store({ session_id: name, message: question, response: answer });
  }
  await client.cluster.member.add({ id: cluster, session_id: name });
}

/** A transfer without any weight changes nobody, and tells how far apart two directions are: cos = 1 − δ²/2. */
async function nearness(client: Client, teams: readonly Team[]): Promise<number[]> {
  const cosines: number[] = [];
  for (const { members } of teams) {
    const [source_session_id, target_session_id] = members.map(({ name }) => name);
    const body = { source_session_id, target_session_id, max_weight: 0 };
    const { delta_norm: delta } = await client.network.transfer(body);
    cosines.push(1 - delta ** 2 / 2);
  }
  return cosines;
}

/** Waits until the region has heard of a cluster's drift, and at the last one until it has realigned. */
async function heard(client: Client, region: string, cluster: string, last: boolean) {
  for (let look = 0; look < LOOKS; look++) {
    const { recent_drift_events, last_realignment } = await client.region.get({ id: region });
    const drifts = recent_drift_events.filter(({ type }) => type === 'drift');
    const drifted = new Set(drifts.map(({ cluster_id }) => cluster_id));
    const realigned = last_realignment !== null;
    if (drifted.has(cluster) && realigned === last) return { votes: drifted.size, realigned };
    await wait(LOOK_MS);
  }
  throw new AppError('DEADLINE', 'the region heard nothing of a drift');
}
