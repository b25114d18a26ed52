/** The published load shapes, and who is at work when. */
import { UsageError } from '../../src/cli/options.ts';

/** A straight change of the number of users, over some time. */
export interface Stage {
  readonly seconds: number;
  /** Users at its end. */
  readonly users: number;
}

export interface Shape {
  readonly name: string;
  /** Users at the peak. */
  readonly users: number;
  /** Turns of one conversation, from and to. */
  readonly turns: readonly [number, number];
  /** Pause after every turn. */
  readonly thinkMs: number;
  readonly stages: readonly Stage[];
  /** Whether stages and turns were published too, or only users and results. */
  readonly assumed?: true;
}

/** Ramp to the average, plateau, ramp to the peak, hold, 15 s down. */
function stagesOf(average: number, peak: number, ramp: number, plateau: number, hold: number): Stage[] {
  return [
    { seconds: ramp, users: average },
    { seconds: plateau, users: average },
    { seconds: ramp, users: peak },
    { seconds: hold, users: peak },
    { seconds: 15, users: 0 },
  ];
}

const PUBLISHED: readonly Shape[] = [
  { name: '30', users: 30, turns: [10, 25], thinkMs: 250, stages: stagesOf(15, 30, 5, 8, 8) },
  { name: '60', users: 60, turns: [6, 10], thinkMs: 10_000, stages: stagesOf(30, 60, 8, 10, 45) },
  { name: '200', users: 200, turns: [20, 40], thinkMs: 0, stages: stagesOf(100, 200, 20, 20, 45) },
  { name: '400', users: 400, turns: [20, 40], thinkMs: 0, stages: stagesOf(200, 400, 20, 20, 45), assumed: true },
  { name: '1000', users: 1_000, turns: [20, 40], thinkMs: 0, stages: stagesOf(500, 1_000, 20, 20, 45), assumed: true },
];

export const SHAPE_NAMES: readonly string[] = PUBLISHED.map(({ name }) => name);

/**
 * Reads `30,200`, a comma-separated list of names.
 *
 * @throws UsageError naming what was found and what was wanted
 */
export function parseShapes(text: string): readonly Shape[] {
  const names = text.split(',').map((name) => name.trim());
  return [...new Set(names)].map((name) => {
    const shape = PUBLISHED.find((candidate) => candidate.name === name);
    if (shape) return shape;
    throw new UsageError(`--shape is "${name}", wanted some of ${SHAPE_NAMES.join(',')}`);
  });
}

export function lengthOf(stages: readonly Stage[]): number {
  return stages.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The same curve in another time; turns and pauses stay as they are. */
export function scaleTo(stages: readonly Stage[], seconds: number): Stage[] {
  const factor = seconds / lengthOf(stages);
  return stages.map((stage) => ({ ...stage, seconds: stage.seconds * factor }));
}

/** Users wanted at a moment, not rounded. */
export function usersAt(stages: readonly Stage[], second: number): number {
  let [start, before] = [0, 0];
  for (const { seconds, users } of stages) {
    if (second < start + seconds) return before + ((users - before) * (second - start)) / seconds;
    start += seconds;
    before = users;
  }
  return 0;
}

/**
 * When user `index` (from 0) is at work: while more than `index` users are wanted.
 *
 * @param stages rising, then falling
 * @returns seconds from the start
 */
export function windowOf(stages: readonly Stage[], index: number): { readonly from: number; readonly to: number } {
  let [start, before] = [0, 0];
  let from = Number.POSITIVE_INFINITY;
  for (const { seconds, users } of stages) {
    const crossing = start + (seconds * (index - before)) / (users - before);
    if (before <= index && users > index) from = Math.min(from, crossing);
    else if (before > index && users <= index) return { from, to: crossing };
    start += seconds;
    before = users;
  }
  return { from, to: start };
}

/** The seconds during which all users are at work. */
export function peakOf(stages: readonly Stage[]): { readonly from: number; readonly to: number } {
  const peak = Math.max(...stages.map(({ users }) => users));
  return windowOf(stages, peak - 1e-9);
}
