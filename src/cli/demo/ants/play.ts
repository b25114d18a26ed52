/** Plays the ants in front of somebody, who may end it. */
import { randomBytes } from 'node:crypto';
import type { Paint } from '../screen.ts';
import { type Progress, search } from './colony.ts';
import { CITIES } from './eil51.ts';
import { antsIntro, closingText, progressText } from './screen.ts';
import { lengthOf, nearestNeighbourTour } from './tour.ts';

/** Tours between two lines of progress. */
const LINE_EVERY = 5_000;
/** What a shell answers of a program that was interrupted. */
const EXIT_INTERRUPTED = 130;

export interface AntsOptions {
  readonly server: string;
  readonly token: string | undefined;
  /** Told at the top: on which server. */
  readonly where: string;
  readonly seed: number;
  readonly tours: number;
  /** Whether others may use the server: then the scope gets a name nobody else has. */
  readonly shared: boolean;
}

/**
 * Ends by itself, or after the rounds under way at the first Ctrl-C.
 *
 * @param say prints
 * @returns exit code
 */
export async function playAnts(options: AntsOptions, say: (text: string) => void, paint: Paint): Promise<number> {
  const { server, token, where, seed, tours, shared } = options;
  const nearest = Math.min(...CITIES.map((_, start) => lengthOf(nearestNeighbourTour(start))));
  const interrupt = new AbortController();
  const stop = () => interrupt.abort();
  process.once('SIGINT', stop);
  say(antsIntro(where, nearest, paint));
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1_000;
  let due = LINE_EVERY;
  const progress = (soFar: Progress) => {
    if (soFar.tours < due && soFar.tours < tours) return;
    say(`${progressText(soFar, seconds())}\n`);
    while (due <= soFar.tours) due += LINE_EVERY;
  };
  try {
    const scope = shared ? `tsp.eil51.${randomBytes(4).toString('hex')}` : 'tsp.eil51';
    const found = await search({ server, token, scope, seed, tours, signal: interrupt.signal, progress });
    say(closingText(found, seconds(), paint));
  } finally {
    process.off('SIGINT', stop);
  }
  return interrupt.signal.aborted ? EXIT_INTERRUPTED : 0;
}
