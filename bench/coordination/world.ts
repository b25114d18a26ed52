/** A world to measure: sessions in clusters in regions under one observer, on a server of our own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '../load/client.ts';
import { fillStore } from '../server/fill.ts';
import { type OwnServer, startOwnServer } from '../server/own.ts';
import { turnOf, WORDS_PER_MESSAGE } from './turns.ts';

export interface Size {
  readonly sessions: number;
  readonly clusters: number;
  readonly regions: number;
  /** Sessions beside those, all in one cluster that belongs to no region: for feedback. */
  readonly members: number;
}

/** As the issue of the coordination layers has it: a hundred sessions a cluster, ten clusters a region. */
export function sizeOf(sessions: number): Size {
  const clusters = Math.max(2, Math.round(sessions / 100));
  const regions = Math.max(1, Math.round(clusters / 10));
  return { sessions, clusters, regions, members: Math.max(2, Math.round(sessions / 10)) };
}

export interface World {
  readonly size: Size;
  readonly server: OwnServer;
  readonly client: Client;
  /** Ids of the sessions that are in clusters and regions. */
  readonly sessions: readonly string[];
  /** Id of the cluster for feedback. */
  readonly large: string;
  /** @throws Error for an answer other than 2xx */
  post<T>(path: string, body?: object): Promise<T>;
  close(): Promise<void>;
}

/** Enough for drift to be measured: a session has to have a topic to leave. */
const MEMORIES = 3;
const COUPLING = 0.3;
/** Often enough to be at work in the middle of everything. */
const SAMPLE_SECONDS = 5;
const VOTE_SECONDS = 10;
const THRESHOLD = 0.5;
const AT_ONCE = 32;
const DEADLINE_MS = 30_000;

export async function openWorld(size: Size, progress: (line: string) => void): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-bench-'));
  const data = join(folder, 'data');
  const count = size.sessions + size.members;
  const filled = { sessions: count, memories: MEMORIES, wordsPerMessage: WORDS_PER_MESSAGE, progress };
  const ids = await fillStore({ data, ...filled });
  // Once awake, everybody stays in memory: waking from disk is what other benchmarks measure.
  const server = await startOwnServer({ data, settings: { 'max-live': String(count * 2) }, everyMs: 200 });
  const client = createClient({ url: server.url, token: undefined, keepAlive: true, deadlineMs: DEADLINE_MS });
  const close = async () => {
    client.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const call = async (path: string, body?: string): Promise<string> => {
    const { ok, status, text } = await client.call('POST', path, body);
    if (!ok) throw new Error(`POST ${path} was answered ${status}: ${text.slice(0, 200)}`);
    return text;
  };
  const post = async <T>(path: string, body?: object): Promise<T> =>
    JSON.parse(await call(path, body === undefined ? undefined : JSON.stringify(body))) as T;
  try {
    const sessions = ids.slice(0, size.sessions);
    const large = await found(post, size, sessions, ids.slice(size.sessions), progress);
    await inParallel(sessions, async (id, n) => {
      if (n % 500 === 0) progress(`coordination: ${n} of ${sessions.length} sessions are awake`);
      await call('/v1/run', turnOf(id, n));
    });
    return { size, server, client, sessions, large, post, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Post = World['post'];

/** @returns the id of the cluster for feedback */
async function found(
  post: Post,
  { clusters, regions }: Size,
  sessions: readonly string[],
  others: readonly string[],
  progress: (line: string) => void,
): Promise<string> {
  const make = async (path: string, body: object) => (await post<{ id: string }>(path, body)).id;
  const clusterIds: string[] = [];
  for (let n = 0; n < clusters; n++) clusterIds.push(await make('/v1/cluster/', { name: `c${n}` }));
  const large = await make('/v1/cluster/', { name: 'large', coupling_factor: COUPLING });
  const regionIds: string[] = [];
  for (let n = 0; n < regions; n++) {
    const settings = { consensus_threshold: THRESHOLD, vote_window_seconds: VOTE_SECONDS };
    regionIds.push(await make('/v1/region/', { name: `r${n}`, ...settings }));
  }
  const members = [
    ...sessions.map((id, n) => [clusterIds[n % clusters]!, id] as const),
    ...others.map((id) => [large, id] as const),
  ];
  await inParallel(members, async ([cluster, session_id], n) => {
    if (n % 500 === 0) progress(`coordination: ${n} of ${members.length} members`);
    await post(`/v1/cluster/${cluster}/members`, { session_id });
  });
  for (const [n, cluster_id] of clusterIds.entries()) {
    await post(`/v1/region/${regionIds[n % regions]}/clusters`, { cluster_id });
  }
  await post('/v1/observer/', { sample_interval_seconds: SAMPLE_SECONDS, region_ids: regionIds });
  return large;
}

async function inParallel<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
