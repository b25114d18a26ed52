/**
 * Many events at once, as if one were posted after the other.
 *
 * 1. An event that does not name its signal is looked at when all before it are durable: what they did decides.
 * 2. Ordered, events of one signal that follow each other are under way together, as the signal takes them in their
 *    order; before one of another signal everything waits. Unordered, whatever names its signal is under way together.
 * 3. What is wrong with one is its own trouble.
 */
import { AppError } from '../../actors/errors.ts';
import type { EventDraft } from './event.ts';
import { again, draw, type Posted, type Poster, type PostOptions, record } from './post.ts';
import { strictly } from './strict.ts';

/** Events under way together: well below what a mailbox holds. */
const TOGETHER = 128;

export interface BatchOptions {
  /** Default true: the log has them in the order given. */
  readonly ordered?: boolean;
}

/**
 * @param drafts with an error in the place of one that is none
 * @returns what became of each, in their order
 * @throws AppError under an idempotency key, what a repetition may bring to an end: those recorded by then stay so
 */
export async function postBatch(
  options: PostOptions,
  poster: Poster,
  drafts: readonly (EventDraft | AppError)[],
  { ordered = true }: BatchOptions = {},
): Promise<(Posted | AppError)[]> {
  const { tenant, idempotencyKey } = poster;
  const { targets, clock } = options;
  // Drawn at once, so that under a key an event has the same id whatever becomes of those before it.
  const drawn = drafts.map(() => draw(options, poster));
  const results: (Posted | AppError)[] = [];
  let underWay: Promise<void>[] = [];
  let last = '';
  const settled = async () => {
    await Promise.all(underWay);
    underWay = [];
  };
  for (const [place, given] of drafts.entries()) {
    const draft = given instanceof AppError ? given : checked(options, given);
    const { id, found: known } = drawn[place]!;
    if (draft instanceof AppError) {
      results[place] = draft;
      continue;
    }
    if (known) {
      results[place] = await again(options, poster, known, draft).catch(expected);
      continue;
    }
    const named = targets.named(tenant, draft);
    if (!named) await settled();
    const found = named ? [named] : targets.of(tenant, draft, clock.now());
    const actor = found[0]?.actor ?? '';
    if (underWay.length === TOGETHER || (ordered && actor !== last)) await settled();
    last = actor;
    underWay.push(
      record(options, poster, id, draft, found).then(
        (posted) => {
          results[place] = posted;
        },
        (error: unknown) => {
          results[place] = expected(error);
        },
      ),
    );
  }
  await settled();
  const unfinished = idempotencyKey === undefined ? undefined : results.find(mayYetWork);
  if (unfinished) throw unfinished;
  return results;
}

function checked({ strict }: PostOptions, draft: EventDraft): EventDraft | AppError {
  try {
    return strict ? strictly(draft) : draft;
  } catch (error) {
    return error as AppError;
  }
}

function expected(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}

function mayYetWork(result: Posted | AppError): result is AppError {
  return result instanceof AppError && (result.retry || result.status >= 500);
}
