/**
 * Sessions written straight into a store, so that thousands of full ones take seconds. Some are really filled, store by
 * store, and the others are their copies under other names: as large, as full, read back the same way.
 */

import { KINDS } from '../../actors/kinds/index.ts';
import type { SessionInput } from '../../actors/kinds/session/create.ts';
import type { SessionContext } from '../../actors/kinds/session/model.ts';
import { chunkText } from '../../actors/kinds/session/store.ts';
import { machine, session } from '../../actors/kinds/session.ts';
import type { Turn } from '../../actors/ports.ts';
import { CREATED } from '../../actors/snapshots.ts';
import { Statechart } from '../../actors/statechart.ts';
import { SystemClock } from '../../src/clock.ts';
import { createHashEmbedder } from '../../src/embedding/hash.ts';
import { EmbeddedHost } from '../../src/host/embedded.ts';
import { openStore } from '../../src/store/index.ts';
import { createRandom, messageOf } from '../load/words.ts';

/** The tenant of anonymous mode. */
export const TENANT = 'anonymous';

/** Really filled ones; so many different sets of texts are in the store. */
const ORIGINALS = 4;
/** Handed to the host before the first of them is waited for. */
const BATCH_MEMORIES = 20_000;
const BATCH_SESSIONS = 4_000;

export interface FillOptions {
  readonly data: string;
  readonly sessions: number;
  /** Memories of each; more than the tiers hold leave again. */
  readonly memories: number;
  readonly wordsPerMessage?: number;
  readonly progress?: (line: string) => void;
}

/** @returns the ids */
export async function fillStore(options: FillOptions): Promise<string[]> {
  const { data, sessions, memories, progress = () => {} } = options;
  const store = await openStore({ data });
  const host = new EmbeddedHost({ store, clock: new SystemClock(), durability: 'relaxed' });
  try {
    await host.adopt(KINDS);
    const originals: Original[] = [];
    for (let i = 0; i < Math.min(ORIGINALS, sessions); i++) originals.push(await original(i, options));
    const ids = Array.from({ length: sessions }, (_, i) => `bench-${i}`);
    const batch = Math.max(1, Math.min(BATCH_SESSIONS, Math.floor(BATCH_MEMORIES / Math.max(1, memories))));
    for (let from = 0; from < sessions; from += batch) {
      progress(`filling the store, ${from} of ${sessions} sessions`);
      const commit = (turn: Turn) =>
        new Promise<void>((resolve, reject) => host.commit(turn, (error) => (error ? reject(error) : resolve())));
      const some = ids.slice(from, from + batch);
      await Promise.all(some.map((id, i) => commit(birthOf(id, originals[(from + i) % originals.length]!))));
    }
    return ids;
  } finally {
    await host.close();
    await store.close();
  }
}

interface Original {
  readonly input: Omit<SessionInput, 'id'>;
  readonly snapshot: ReturnType<Statechart['persist']>;
}

const chart = new Statechart(machine);

/** A session with its tiers filled, as `store` fills them. */
async function original(seed: number, { memories, wordsPerMessage }: FillOptions): Promise<Original> {
  const embedder = createHashEmbedder();
  const random = createRandom(1_000 + seed);
  const config = { dimension: embedder.dimension, embedder: embedder.id };
  const input = { config, template: null, policies: [], at: Date.now() };
  let { snapshot } = chart.initial({ id: 'original', ...input });
  for (let i = 0; i < memories; i++) {
    const [message, response] = [messageOf(random, wordsPerMessage), messageOf(random, wordsPerMessage)];
    const [embedding, messageEmbedding] = await embedder.embed([chunkText(message, response), message], 'document');
    const texts = { response, message, embedding, messageEmbedding };
    const event = { type: 'store', at: input.at + i, ...texts, pendingId: null, timestamp: null, episode: null };
    snapshot = chart.fold(snapshot, event).snapshot;
  }
  return { input, snapshot: chart.persist(snapshot) };
}

/** The turn that makes a session, with its snapshot as it would be after all it was told. */
function birthOf(id: string, { input, snapshot }: Original): Turn {
  const context = { ...(snapshot.context as SessionContext), id, outcome: null };
  const created = {
    revision: 1,
    at: input.at,
    type: CREATED,
    event: { type: CREATED, at: input.at, input: { ...input, id } },
    state: snapshot.value,
    correlationId: null,
    causationId: null,
    facts: [],
  };
  const nothing = { messages: [], timers: [], consumed: [], replies: [] };
  return {
    address: { tenant: TENANT, kind: session.name, id },
    version: session.version,
    baseRevision: 0,
    events: [created],
    snapshot: {
      kind: session.name,
      version: session.version,
      revision: 1,
      state: { ...snapshot, context },
      timers: [],
      invocations: [],
    },
    created: true,
    removed: false,
    ...nothing,
  };
}
