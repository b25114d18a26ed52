/** Rounds of measurements, and what is said about them: medians, spreads, percentiles. */

/** Rounds of every measurement; what is compared takes turns within a round. */
export const ROUNDS = 3;

/** What one measurement of one round found. */
export interface Round {
  readonly operations: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
}

export interface Summary {
  readonly n: number;
  /** Operations per second, median over the rounds. */
  readonly median: number;
  readonly range: readonly [number, number];
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export function rateOf({ operations, seconds }: Round): number {
  return operations / seconds;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  return percentilesOf(values, [percent])[0]!;
}

/** Several at once, sorted once; NaN for no values. */
export function percentilesOf(values: readonly number[], percents: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return percents.map((percent) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN);
}

export function summarise(rounds: readonly Round[]): Summary {
  const rates = rounds.map(rateOf);
  const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    n: rounds.reduce((sum, { operations }) => sum + operations, 0),
    median: median(rates),
    range: [Math.min(...rates), Math.max(...rates)],
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
  };
}

/** Rates alone, for what is too fast to be timed one by one. */
export function rangeOf(rounds: readonly Round[]): Pick<Summary, 'n' | 'range'> & { readonly values: [number] } {
  const rates = rounds.map(rateOf);
  return {
    n: rounds.reduce((sum, { operations }) => sum + operations, 0),
    values: [median(rates)],
    range: [Math.min(...rates), Math.max(...rates)],
  };
}

/** Median over the rounds of what was reached beside the baseline of the same round. */
export function ratioOf(rounds: readonly Round[], baseline: readonly Round[]): number {
  return median(rounds.map((round, index) => rateOf(round) / rateOf(baseline[index]!)));
}

/**
 * Lets `clients` clients do one thing after the other until the time is up.
 *
 * @param operate does it once for client `index`
 */
export async function drive(
  clients: number,
  seconds: number,
  operate: (index: number) => Promise<unknown>,
): Promise<Round> {
  const latenciesMs: number[] = [];
  const started = performance.now();
  const end = started + seconds * 1_000;
  const client = async (index: number) => {
    for (let now = performance.now(); now < end; ) {
      await operate(index);
      const after = performance.now();
      latenciesMs.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return { operations: latenciesMs.length, seconds: (performance.now() - started) / 1_000, latenciesMs };
}

/** Between two looks at the clock, which itself takes 30 ns. */
const LOOK_MS = 1;

/** Does one thing without a pause until the time is up, at least once; for what takes micro- rather than milliseconds. */
export function spin(seconds: number, operate: () => unknown): Round {
  const started = performance.now();
  const end = started + seconds * 1_000;
  let operations = 0;
  let burst = 1;
  for (let now = started; now < end; ) {
    for (let i = 0; i < burst; i++) operate();
    operations += burst;
    const after = performance.now();
    // As many as the clock is worth looking at after, and not so many that the end is missed by far.
    burst = after - now < LOOK_MS / 2 ? burst * 2 : Math.max(1, Math.floor((burst * LOOK_MS) / (after - now)));
    now = after;
  }
  return { operations, seconds: (performance.now() - started) / 1_000, latenciesMs: [] };
}
