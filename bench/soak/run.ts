/** A soak as figures: the server in each third of the time, and its curves. */
import { percentilesOf } from '../rounds.ts';
import type { Sample, TableWeight } from '../server/child.ts';
import { type Checks, type Lives, STEPS, type Step } from './lives.ts';
import { type SoakPlan, thirdsOf } from './plan.ts';

/** Medians over one third of the time in which as many sessions end as begin. */
export interface Third {
  /** Seconds from the start. */
  readonly from: number;
  readonly to: number;
  /** Of the server. */
  readonly samples: number;
  readonly rssBytes: number;
  readonly anonymousBytes: number | null;
  readonly storeBytes: number;
  readonly live: number;
  readonly sessions: number;
  /** Median over the samples of each one's 99th percentile. */
  readonly loopP99Ms: number;
  /** The longest of all. */
  readonly loopMaxMs: number;
  /** p50 and p99 of what was answered. */
  readonly latency: Readonly<Record<Step, readonly [number, number]>>;
}

/** A stretch of the time, for the curves; null where the server was not looked at. */
export interface SoakMoment {
  /** Its middle, from the start. */
  readonly second: number;
  readonly rssBytes: number | null;
  readonly anonymousBytes: number | null;
  readonly storeBytes: number | null;
  readonly logRecords: number | null;
  readonly live: number | null;
  readonly sessions: number | null;
  readonly loopP99Ms: number | null;
  readonly loopMaxMs: number | null;
  /** Of run and store together. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface SoakRun {
  readonly plan: SoakPlan;
  readonly seconds: number;
  readonly created: number;
  readonly usedAgain: number;
  readonly deleted: number;
  readonly late: number;
  readonly requests: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly checks: Checks;
  /** Before the first session. */
  readonly before: Sample;
  readonly thirds: readonly Third[];
  /** Where the thirds begin and end: idle actors gone, garbage collected. */
  readonly collected: readonly Sample[];
  readonly moments: readonly SoakMoment[];
  /** When all sessions were deleted, idle actors gone and garbage collected. */
  readonly after: Sample;
  /** What is in the store then. */
  readonly left: readonly TableWeight[];
}

export interface SoakOf {
  readonly plan: SoakPlan;
  /** Unix ms: the first session began. */
  readonly at: number;
  readonly lives: Lives;
  readonly before: Sample;
  readonly samples: readonly Sample[];
  readonly collected: readonly Sample[];
  readonly after: Sample;
  readonly left: readonly TableWeight[];
}

export function figuresOf({ plan, at, lives, before, samples, collected, after, left }: SoakOf): SoakRun {
  const { samples: _, ...counts } = lives;
  return {
    plan,
    ...counts,
    before,
    collected,
    thirds: thirdsOf(plan).map((third) => thirdOf(third, at, lives, samples)),
    moments: momentsOf(at, lives, samples),
    after,
    left,
  };
}

const median = (values: readonly number[]) => percentilesOf(values, [50])[0]!;

function thirdOf(
  { from, to }: { from: number; to: number },
  at: number,
  lives: Lives,
  samples: readonly Sample[],
): Third {
  const within = (second: number) => second >= from && second < to;
  const seen = samples.filter((sample) => within((sample.at - at) / 1_000));
  const anonymous = seen.flatMap(({ anonymousBytes }) => anonymousBytes ?? []);
  const latency = (step: Step) => {
    const { atMs, ms } = lives.samples[step];
    const [p50 = Number.NaN, p99 = Number.NaN] = percentilesOf(
      ms.filter((_, i) => within(atMs[i]! / 1_000)),
      [50, 99],
    );
    return [p50, p99] as const;
  };
  return {
    from,
    to,
    samples: seen.length,
    rssBytes: median(seen.map(({ rssBytes }) => rssBytes)),
    anonymousBytes: anonymous.length === 0 ? null : median(anonymous),
    storeBytes: median(seen.map(({ storeBytes }) => storeBytes)),
    live: median(seen.map(({ live }) => live)),
    sessions: median(seen.map(({ sessions }) => sessions)),
    loopP99Ms: median(seen.map(({ loopP99Ms }) => loopP99Ms)),
    loopMaxMs: Math.max(...seen.map(({ loopMaxMs }) => loopMaxMs)),
    latency: Object.fromEntries(STEPS.map((step) => [step, latency(step)])) as unknown as Third['latency'],
  };
}

const MOMENTS = 120;

export function momentsOf(at: number, { seconds, samples: found }: Lives, samples: readonly Sample[]): SoakMoment[] {
  const length = seconds / MOMENTS;
  const slot = (ms: number) => Math.min(MOMENTS - 1, Math.floor(ms / 1_000 / length));
  const seen = Array.from({ length: MOMENTS }, (): Sample[] => []);
  for (const sample of samples)
    if (sample.at >= at && sample.at <= at + seconds * 1_000) seen[slot(sample.at - at)]!.push(sample);
  const turns = Array.from({ length: MOMENTS }, (): number[] => []);
  for (const { atMs, ms } of [found.run, found.store]) ms.forEach((one, i) => void turns[slot(atMs[i]!)]!.push(one));
  return seen.map((some, i) => {
    const most = (read: (sample: Sample) => number | null): number | null => {
      const values = some.flatMap((sample) => read(sample) ?? []);
      return values.length === 0 ? null : Math.max(...values);
    };
    const [p50Ms, p99Ms] = turns[i]!.length === 0 ? [null, null] : percentilesOf(turns[i]!, [50, 99]);
    return {
      second: (i + 0.5) * length,
      rssBytes: most(({ rssBytes }) => rssBytes),
      anonymousBytes: most(({ anonymousBytes }) => anonymousBytes),
      storeBytes: most(({ storeBytes }) => storeBytes),
      logRecords: most(({ logRecords }) => logRecords),
      live: most(({ live }) => live),
      sessions: most(({ sessions }) => sessions),
      loopP99Ms: most(({ loopP99Ms }) => loopP99Ms),
      loopMaxMs: most(({ loopMaxMs }) => loopMaxMs),
      p50Ms: p50Ms!,
      p99Ms: p99Ms!,
    };
  });
}

/** Bytes per session that came and went: about 0 where a curve has levelled off. */
function perSession({ sessions, beginUntilSeconds }: SoakPlan, bytes: number, seconds: number): number {
  return bytes / ((sessions / beginUntilSeconds) * seconds);
}

/** From the middle of the second third to that of the last. */
export function growthOf({ plan, thirds }: SoakRun, read: (third: Third) => number): number {
  const [, middle, last] = thirds as [Third, Third, Third];
  return perSession(plan, read(last) - read(middle), last.from - middle.from);
}

/** Of what is no garbage, from the end of the first third to the end of the last; NaN when one was not looked at. */
export function heapGrowthOf({ plan, thirds, collected }: SoakRun): number {
  const [, from, , to] = collected.map(({ heapBytes }) => heapBytes);
  return perSession(plan, (to ?? Number.NaN) - (from ?? Number.NaN), thirds[2]!.to - thirds[0]!.to);
}

/** Thirds whose numbers of sessions differ by more cannot be compared: a busy machine lets them pile up. */
const UNEVEN = 0.1;

/** Whether about as many sessions were there in each third. */
export function isEven({ thirds }: SoakRun): boolean {
  const counts = thirds.map(({ sessions }) => sessions);
  return Math.max(...counts) <= Math.min(...counts) * (1 + UNEVEN);
}
