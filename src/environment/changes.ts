/** What happened to the signals of one actor, read from its own rows of the log: signals that are gone are in there too. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Deposit, SempRecord } from '../../actors/kinds/signal/events.ts';
import type { Touched } from '../../actors/kinds/signal/model.ts';
import { eventKey, readEvent } from '../host/log.ts';
import type { Store } from '../store/store.ts';
import { SIGNAL_KIND, TOUCHED } from './event.ts';

/** One turn of the actor. */
export interface Change {
  readonly revision: number;
  /** Unix ms. */
  readonly at: number;
  /** Null for an event it only recorded. */
  readonly touched: Touched | null;
  readonly deposit: Deposit | null;
  /** The event itself, when this actor recorded it. */
  readonly semp: SempRecord | null;
}

export interface ChangesQuery {
  /** Only those after and before these revisions. */
  readonly after?: number;
  readonly before?: number;
  /** Newest first. Default: oldest first. */
  readonly reverse?: boolean;
}

/** Rows read at once: others get the thread in between. */
const ROWS = 256;

/** @throws AppError CORRUPTED */
export async function* readChanges(
  store: Store,
  tenant: string,
  actor: string,
  { after = 0, before = Number.POSITIVE_INFINITY, reverse = false }: ChangesQuery = {},
): AsyncGenerator<Change> {
  const address = { tenant, kind: SIGNAL_KIND, id: actor };
  const prefix = [tenant, SIGNAL_KIND, actor];
  for (let [low, high] = [after, before]; ; ) {
    const range = { prefix, from: eventKey(address, low + 1), to: eventKey(address, high), reverse, limit: ROWS };
    const chunk = [...store.range('event', range)];
    for (const { key, value } of chunk) {
      const revision = key.at(-1) as number;
      if (reverse) high = revision;
      else low = revision;
      yield changeOf(revision, value);
    }
    if (chunk.length < ROWS) return;
    await breathe();
  }
}

function changeOf(revision: number, row: Uint8Array): Change {
  const { at, event, facts } = readEvent(revision, row);
  const { deposit = null, semp = null } = (event ?? {}) as { deposit?: Deposit | null; semp?: SempRecord };
  const touched = (facts.find(({ type }) => type === TOUCHED)?.payload as Touched | undefined) ?? null;
  return { revision, at, touched, deposit, semp };
}
