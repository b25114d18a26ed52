/** Everybody at work at once, as fast as the server lets them; then the log is asked whether anything was lost. */
import { get } from 'node:http';
import { median, percentilesOf } from '../rounds.ts';
import type { Sample } from '../server/child.ts';
import type { Tally } from './audit.ts';
import { surpriseOf, turnOf } from './turns.ts';
import type { World } from './world.ts';

export interface Saturation {
  readonly seconds: number;
  /** Turns the server acknowledged. */
  readonly turns: number;
  readonly errors: Readonly<Record<string, number>>;
  /** p50, p99, ms. */
  readonly latency: readonly number[];
  /** What the log gained. */
  readonly gained: Tally;
  /** Acknowledged turns that are not in the log. */
  readonly lostTurns: number;
  /** Drifts of sessions of which their cluster, or their region, has not heard. */
  readonly lostDrifts: number;
  /** Records of regions' drifts, and those the stream did not bring. */
  readonly streamed: number;
  readonly lostOnStream: number;
  /** Medians of the first, second and last third. */
  readonly rssBytes: readonly number[];
  readonly anonymousBytes: readonly number[] | null;
  /** Worst p99 of any moment, and the longest delay. */
  readonly loopMs: readonly [number, number];
}

const CALLERS = 32;
/** Every so many turns of a caller lead away from the topic. */
const SURPRISE_EVERY = 8;
const SETTLE_MS = 20_000;
const LOOK_MS = 100;

export async function saturate(world: World, seconds: number): Promise<Saturation> {
  const { server, client, sessions } = world;
  const before = await server.audit();
  const stream = await follow(server.url);
  const errors: Record<string, number> = {};
  const latencies: number[] = [];
  let turns = 0;
  const firstSample = server.samples.length;
  const started = performance.now();
  const end = started + seconds * 1_000;
  const caller = async (index: number) => {
    // Sessions of its own, so that no session has two turns under way.
    const own = sessions.filter((_, place) => place % CALLERS === index);
    for (let n = 0; own.length > 0 && performance.now() < end; n++) {
      const session = own[n % own.length]!;
      const body = n % SURPRISE_EVERY === SURPRISE_EVERY - 1 ? surpriseOf(session, n) : turnOf(session, n);
      const { ok, status, ms } = await client.call('POST', '/v1/run', body);
      if (ok) turns++;
      else errors[status] = (errors[status] ?? 0) + 1;
      latencies.push(ms);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)));
  const took = (performance.now() - started) / 1_000;
  const samples = server.samples.slice(firstSample);
  const gained = minus(await settled(world, before), before);
  await stream.until(gained.regionRecords);
  stream.close();
  const { session, cluster, region } = gained.tally.drifts;
  return {
    seconds: took,
    turns,
    errors,
    latency: percentilesOf(latencies, [50, 99]),
    gained: gained.tally,
    lostTurns: Math.max(0, turns - gained.tally.runs),
    lostDrifts: Math.max(session - cluster, session - region),
    streamed: gained.regionRecords,
    lostOnStream: gained.regionRecords - stream.count(),
    ...memoryOf(samples),
    loopMs: [most(samples, ({ loopP99Ms }) => loopP99Ms), most(samples, ({ loopMaxMs }) => loopMaxMs)],
  };
}

/** The log once what was said has gone through: messages between actors take their time. */
async function settled({ server }: World, before: Tally): Promise<Tally> {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const tally = await server.audit();
    const { session, cluster, region } = tally.drifts;
    const open =
      session - before.drifts.session - Math.min(cluster - before.drifts.cluster, region - before.drifts.region);
    if (open <= 0 || performance.now() > until) return tally;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function minus(after: Tally, before: Tally): { readonly tally: Tally; readonly regionRecords: number } {
  const tally = {
    ...after,
    records: after.records - before.records,
    runs: after.runs - before.runs,
    blends: after.blends - before.blends,
    drifts: {
      session: after.drifts.session - before.drifts.session,
      cluster: after.drifts.cluster - before.drifts.cluster,
      region: after.drifts.region - before.drifts.region,
    },
    realignments: after.realignments - before.realignments,
    anomalies: after.anomalies - before.anomalies,
    deadLetters: after.deadLetters - before.deadLetters,
  };
  return { tally, regionRecords: tally.drifts.region };
}

const most = (samples: readonly Sample[], read: (sample: Sample) => number) => Math.max(0, ...samples.map(read));

function memoryOf(samples: readonly Sample[]): Pick<Saturation, 'rssBytes' | 'anonymousBytes'> {
  const third = Math.max(1, Math.ceil(samples.length / 3));
  const thirds = [0, 1, 2].map((n) => samples.slice(n * third, (n + 1) * third)).filter((part) => part.length > 0);
  const rssBytes = thirds.map((part) => median(part.map((sample) => sample.rssBytes)));
  const anonymous = thirds.map((part) => median(part.map((sample) => sample.anonymousBytes ?? Number.NaN)));
  return { rssBytes, anonymousBytes: anonymous.some(Number.isNaN) ? null : anonymous };
}

/** Server-sent events of the regions' drifts, each happening counted once. */
async function follow(url: string) {
  const seen = new Set<string>();
  let wake = () => {};
  const request = get(`${url}/v1/stream?kind=region&type=drift`, { agent: false });
  request.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    request.on('response', (response) => {
      let rest = '';
      response.on('error', () => {});
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop()!;
        for (const block of blocks) {
          if (block.includes('event: subscribed')) resolve();
          const record = /^id: \d+\ndata: (.*)$/s.exec(block)?.[1];
          if (record === undefined) continue;
          const { id, revision } = JSON.parse(record) as { id: string; revision: number };
          seen.add(`${id} ${revision}`);
        }
        wake();
      });
      if (response.statusCode !== 200) reject(new Error(`the stream was answered ${response.statusCode}`));
    });
  });
  return {
    count: () => seen.size,
    until: async (count: number) => {
      const end = performance.now() + SETTLE_MS;
      while (seen.size < count && performance.now() < end) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, LOOK_MS);
        });
      }
    },
    close: () => void request.destroy(),
  };
}
