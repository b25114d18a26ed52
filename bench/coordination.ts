/**
 * The coordination layers at work: sessions in clusters in regions under one observer, on a durable server of our own;
 * runs when it is named.
 *
 * Measures how long feedback to the members of one cluster takes until it is on disk in all of them; how long a drift of
 * one session takes to its region and to a WebSocket while 500 turns a second go on; and, with everybody at work for
 * `--seconds`, whether the log has lost anything, how memory develops and how long the event loop is held up. Does not
 * measure: full sessions (they hold three memories), waking from disk, a network, TLS, tokens, a trained embedder.
 */
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { type DriftLatency, measureLatency, TURNS_PER_SECOND } from './coordination/drift.ts';
import { type Saturation, saturate } from './coordination/saturation.ts';
import { openWorld, type Size, sizeOf, type World } from './coordination/world.ts';
import type { Outcome } from './index.ts';
import { median } from './rounds.ts';

const SESSIONS = 10_000;
const SECONDS = 60;
const FEEDBACKS = 7;
/** The drift part needs no longer for its percentiles. */
const LATENCY_SECONDS = 20;
const PATIENCE_MS = 10_000;
const LOOK_MS = 20;
const MB = 1e6;

export async function measureCoordination(options: BenchOptions): Promise<Outcome> {
  const { sessions = SESSIONS, seconds = SECONDS, progress } = options;
  const size = sizeOf(sessions);
  const world = await openWorld(size, progress);
  try {
    progress('coordination: feedback');
    const feedback = await measureFeedback(world);
    progress('coordination: drifts');
    const latency = await measureLatency(world, Math.min(seconds, LATENCY_SECONDS));
    progress('coordination: everybody at work');
    const saturation = await saturate(world, seconds);
    return {
      measurements: [...feedbackLines(feedback, size), ...latencyLines(latency, size), ...saturationLines(saturation)],
      notes: notesOf(size, latency, saturation),
    };
  } finally {
    await world.close();
  }
}

interface Feedback {
  readonly ms: readonly number[];
  /** Members that were to be blended and were not, or more than once, by the log. */
  readonly wrong: number;
}

async function measureFeedback({ server, post, large, size }: World): Promise<Feedback> {
  const ms: number[] = [];
  let wrong = 0;
  // The first one brings the members into memory.
  for (let n = 0; n <= FEEDBACKS; n++) {
    const before = (await server.audit()).blends;
    const started = performance.now();
    await post(`/v1/cluster/${large}/feedback`);
    const took = performance.now() - started;
    wrong += Math.abs((await blendsOf(server, before + size.members)) - before - size.members);
    if (n > 0) ms.push(took);
  }
  return { ms, wrong };
}

/** A feedback that takes longer than a second is answered before the last members have moved. */
async function blendsOf({ audit }: World['server'], wanted: number): Promise<number> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { blends } = await audit();
    if (blends >= wanted || performance.now() > until) return blends;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

type Line = Omit<Measurement, 'benchmark'>;

const lines = (all: readonly Line[]): Measurement[] => all.map((line) => ({ benchmark: 'coordination', ...line }));

function feedbackLines({ ms, wrong }: Feedback, { members }: Size): Measurement[] {
  const range = [Math.min(...ms), Math.max(...ms)] as const;
  return lines([
    { case: `feedback to ${members} members, durable`, n: ms.length, unit: 'ms', values: [median(ms)], range },
    { case: '  members not blended exactly once', n: ms.length * members, unit: 'members', values: [wrong] },
  ]);
}

function latencyLines(latency: DriftLatency, { sessions }: Size): Measurement[] {
  const { drifts, answer, region, socket, unseen, turnsPerSecond, loopMaxMs } = latency;
  const unit = 'ms p50/99';
  return lines([
    { case: `turns meanwhile, of ${TURNS_PER_SECOND} wanted`, n: 1, unit: 'turns/s', values: [turnsPerSecond] },
    { case: `drift of one of ${sessions} sessions: its answer`, n: drifts, unit, values: answer },
    { case: '  visible at the region', n: drifts, unit, values: region },
    { case: '  on a WebSocket', n: drifts, unit, values: socket },
    { case: '  never seen', n: drifts, unit: 'region/WebSocket', values: [unseen.region, unseen.socket] },
    { case: '  longest event loop delay', n: 1, unit: 'ms', values: [loopMaxMs] },
  ]);
}

function saturationLines(run: Saturation): Measurement[] {
  const { turns, seconds, latency, gained, lostTurns, lostDrifts, streamed, lostOnStream, rssBytes, loopMs } = run;
  const failed = Object.values(run.errors).reduce((sum, n) => sum + n, 0);
  const megabytes = (bytes: readonly number[]) => bytes.map((value) => value / MB);
  return lines([
    { case: 'everybody at work', n: turns, unit: 'turns/s', values: [turns / seconds] },
    { case: '  run', n: turns, unit: 'ms p50/99', values: latency },
    { case: '  answers other than 2xx', n: failed, unit: 'answers', values: [failed] },
    { case: '  lost turns', n: turns, unit: 'turns', values: [lostTurns] },
    { case: '  lost drifts, session to region', n: gained.drifts.session, unit: 'drifts', values: [lostDrifts] },
    { case: '  lost on an event stream', n: streamed, unit: 'drifts', values: [lostOnStream] },
    { case: '  RSS by thirds', n: 3, unit: 'MB', values: megabytes(rssBytes) },
    ...(run.anonymousBytes === null
      ? []
      : [{ case: '  without mapped files', n: 3, unit: 'MB', values: megabytes(run.anonymousBytes) }]),
    { case: '  event loop delay', n: 1, unit: 'ms worst p99/max', values: loopMs },
  ]);
}

function notesOf({ sessions, clusters, regions }: Size, latency: DriftLatency, run: Saturation): string[] {
  const { gained, seconds } = run;
  const errors = { ...latency.errors, ...run.errors };
  const shape = `${sessions} sessions, ${clusters} clusters, ${regions} regions, one observer`;
  return [
    `coordination: ${shape}; in ${seconds.toFixed(1)} s the log gained ${gained.records} records, with ${gained.drifts.session} drifts, ${gained.realignments} realignments, ${gained.anomalies} anomalies and ${gained.deadLetters} dead letters`,
    ...(Object.keys(errors).length === 0 ? [] : [`coordination: answers by status ${JSON.stringify(errors)}`]),
  ];
}
