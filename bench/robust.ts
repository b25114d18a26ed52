/**
 * Robustness: what attackers among 15 participants make of the aggregate, in 256 dimensions.
 *
 * Measures the cosine between the aggregate of all and the mean direction of the honest ones alone, whose vectors have a
 * cosine of 0.6 with each other; for 1 to 7 attackers, by four ways to aggregate. Beside it: the plain mean. Trust is
 * learned from 20 anchored outcomes, each no better than what one honest participant says, the attackers attacking all the
 * while. Does not measure: speed; attackers who adapt to the defence, but for the colluders' angle and the sleepers.
 */
import { INITIAL_TRUST, trustAfterOutcome } from '../actors/trust.ts';
import type { BenchOptions, Measurement } from '../src/cli/bench.ts';
import { weightedMean } from '../workers/aggregate.ts';
import { geometricMedian, trimmedMean } from '../workers/robust.ts';
import { cosine, unit } from '../workers/vector.ts';
import type { Outcome } from './index.ts';
import { createRandom } from './load/words.ts';
import { median } from './rounds.ts';

const PARTICIPANTS = 15;
const DIMENSION = 256;
/** Mean cosine between two honest participants. */
const AGREEMENT = 0.6;
const OUTCOMES = 20;
const TRIALS = 50;
const MOST_ATTACKERS = 7;
/** A third: where the spread is shown. */
const THIRD = 5;
const LOUD = -10;

type Vector = Float64Array;

/** One situation: what holds, and who says what about it. */
interface Scene {
  readonly truth: Vector;
  readonly honest: readonly Vector[];
  /** Mean direction of the honest ones. */
  readonly wanted: Vector;
  honestVector(): Vector;
  direction(): Vector;
}

interface Attack {
  readonly name: string;
  /** What the attackers say. Several ways: the worst of them counts. */
  readonly ways: readonly ((scene: Scene, attackers: number) => Vector[])[];
}

const repeat = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const scaled = (vector: Vector, by: number): Vector => vector.map((x) => x * by);

/** All say the same: a direction at this cosine to the truth, the rest of it random. */
const collude = (towards: number) => (scene: Scene, attackers: number) => {
  const aside = scene.direction();
  const along = cosine(aside, scene.truth);
  const across = unit(aside.map((x, j) => x - along * scene.truth[j]!));
  const said = scene.truth.map((x, j) => towards * x + Math.sqrt(1 - towards * towards) * across[j]!);
  return repeat(attackers, () => said);
};

const ATTACKS: readonly Attack[] = [
  { name: 'the honest mean flipped, ×10', ways: [(scene, k) => repeat(k, () => scaled(scene.wanted, LOUD))] },
  { name: 'each its own flipped, ×10', ways: [(scene, k) => repeat(k, () => scaled(scene.honestVector(), LOUD))] },
  { name: 'collusion, worst of 5 angles', ways: [0, -0.25, -0.5, -0.75, -1].map(collude) },
];

interface Method {
  readonly name: string;
  /** Whose trust weighs: learned under the attack, or while the attackers behaved. Default: all weigh alike. */
  readonly trust?: 'learned' | 'slept';
  readonly aggregate: (rows: Vector, weights: Vector) => Vector;
}

const weightedMedian = (rows: Vector, weights: Vector) => geometricMedian(rows, DIMENSION, { weights }).vector;

const METHODS: readonly Method[] = [
  { name: 'baseline: plain mean', aggregate: (rows, weights) => weightedMean(rows, DIMENSION, weights) },
  { name: 'trimmed mean, a third each end', aggregate: (rows) => trimmedMean(rows, DIMENSION, 1 / 3) },
  { name: 'geometric median', aggregate: weightedMedian },
  { name: 'median, learned trust', trust: 'learned', aggregate: weightedMedian },
  { name: 'median, trust in sleepers', trust: 'slept', aggregate: weightedMedian },
];

export async function measureRobust({ progress }: Pick<BenchOptions, 'progress'>, trials = TRIALS): Promise<Outcome> {
  const measurements: Measurement[] = [];
  for (const attack of ATTACKS) {
    // By attackers, trial and method.
    const reached: number[][][] = [];
    for (let attackers = 1; attackers <= MOST_ATTACKERS; attackers++) {
      progress(`robust: ${attack.name}, ${attackers} of ${PARTICIPANTS}`);
      const random = createRandom(attackers);
      reached.push(repeat(trials, () => trial(attack, attackers, random)));
    }
    METHODS.forEach(({ name }, method) => {
      const third = reached[THIRD - 1]!.map((cosines) => cosines[method]!);
      measurements.push({
        benchmark: 'robust',
        case: `${attack.name}: ${name}`,
        n: trials,
        unit: `100·cosine, 1–${MOST_ATTACKERS} of ${PARTICIPANTS}`,
        values: reached.map((ofTrials) => median(ofTrials.map((cosines) => cosines[method]!))),
        range: [Math.min(...third), Math.max(...third)],
      });
    });
  }
  const first = `robust: medians of ${trials} trials with 1 to ${MOST_ATTACKERS} of ${PARTICIPANTS} attacking`;
  return { measurements, notes: [`${first}; min–max over the trials with ${THIRD}`] };
}

/** @returns 100 · cosine by method, for the way of attacking that is worst for it */
function trial(attack: Attack, attackers: number, random: () => number): number[] {
  const alike = new Float64Array(PARTICIPANTS).fill(1);
  const slept = learnTrust((scene) => repeat(attackers, scene.honestVector), attackers, random);
  const worst = METHODS.map(() => 100);
  for (const say of attack.ways) {
    const learned = learnTrust(say, attackers, random);
    const scene = openScene(PARTICIPANTS - attackers, random);
    const rows = stack([...say(scene, attackers), ...scene.honest]);
    METHODS.forEach(({ trust, aggregate }, method) => {
      const weights = trust === undefined ? alike : trust === 'learned' ? learned : slept;
      worst[method] = Math.min(worst[method]!, 100 * cosine(aggregate(rows, weights), scene.wanted));
    });
  }
  return worst;
}

/** Trust of all after the anchored outcomes, attackers first. */
function learnTrust(say: Attack['ways'][number], attackers: number, random: () => number): Vector {
  const trust = new Float64Array(PARTICIPANTS).fill(INITIAL_TRUST);
  for (let outcome = 0; outcome < OUTCOMES; outcome++) {
    const scene = openScene(PARTICIPANTS - attackers, random);
    const anchor = scene.honestVector();
    [...say(scene, attackers), ...scene.honest].forEach((said, i) => {
      trust[i] = trustAfterOutcome(trust[i]!, cosine(said, anchor));
    });
  }
  return trust;
}

function openScene(honestCount: number, random: () => number): Scene {
  const direction = () => unit(normals(DIMENSION, random));
  const truth = direction();
  const honestVector = () => {
    const own = direction();
    return unit(truth.map((x, j) => Math.sqrt(AGREEMENT) * x + Math.sqrt(1 - AGREEMENT) * own[j]!));
  };
  const honest = repeat(honestCount, honestVector);
  const wanted = weightedMean(stack(honest), DIMENSION, new Float64Array(honestCount).fill(1));
  return { truth, honest, wanted, honestVector, direction };
}

/** Standard normal numbers, two at a time (Box and Muller). */
function normals(length: number, random: () => number): Vector {
  const numbers = new Float64Array(length);
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    numbers[i] = radius * Math.cos(angle);
    numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers;
}

function stack(vectors: readonly Vector[]): Vector {
  const rows = new Float64Array(vectors.length * DIMENSION);
  vectors.forEach((vector, i) => {
    rows.set(vector, i * DIMENSION);
  });
  return rows;
}
