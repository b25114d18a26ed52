/**
 * The load generator, a process of its own so that it does not share the server's event loop. Takes its orders as one
 * message from its parent, answers with progress and then with what it found, and ends: by itself, with its parent, or
 * when twice the time is over.
 */
import { createClient } from './client.ts';
import { clear, prefill, warm } from './prefill.ts';
import { isLoopback } from './target.ts';
import { type Findings, type Plan, simulate } from './users.ts';

export interface Orders {
  readonly url: string;
  readonly token: string | undefined;
  /** The user said that a server elsewhere may be loaded. */
  readonly anywhere: boolean;
  readonly keepAlive: boolean;
  readonly plan: Plan;
  /** Memories of the sessions to be filled over HTTP first; null: those of the plan are there already. */
  readonly prefill: number | null;
}

export type Message =
  | { readonly type: 'progress'; readonly line: string }
  /** Unix ms: the load begins now. */
  | { readonly type: 'started'; readonly at: number }
  | { readonly type: 'found'; readonly findings: Findings }
  | { readonly type: 'failed'; readonly message: string };

/** A request that takes longer has failed. */
const DEADLINE_MS = 30_000;
/** What is still under way so long after the end is cut off. */
const GRACE_SECONDS = 10;

const tell = (message: Message) => new Promise<void>((resolve) => process.send!(message, () => resolve()));

async function obey({ url, token, anywhere, keepAlive, plan, prefill: fill }: Orders): Promise<Findings> {
  if (!anywhere && !isLoopback(new URL(url))) throw new Error(`${url} is not on this machine`);
  const client = createClient({ url, token, keepAlive, deadlineMs: DEADLINE_MS });
  const made: string[] = [];
  try {
    if (fill !== null) {
      await prefill(client, plan.users, fill, made, (line) => void tell({ type: 'progress', line }));
    }
    const filled = fill === null ? plan : { ...plan, sessions: made };
    if (filled.sessions !== null) await warm(client, filled.sessions);
    await tell({ type: 'started', at: Date.now() });
    const loader = createClient({ url, token, keepAlive, deadlineMs: DEADLINE_MS });
    const cut = setTimeout(() => loader.close(), (plan.seconds + GRACE_SECONDS) * 1_000);
    let answered = 0;
    const began = performance.now();
    const ticker = setInterval(() => {
      const second = Math.min(plan.seconds, (performance.now() - began) / 1_000).toFixed(1);
      void tell({ type: 'progress', line: `${second} of ${plan.seconds} s, ${answered} requests` });
    }, 500);
    try {
      return await simulate(loader, filled, (requests) => {
        answered = requests;
      });
    } finally {
      clearInterval(ticker);
      clearTimeout(cut);
      loader.close();
    }
  } finally {
    await clear(client, made);
    client.close();
  }
}

process.once('disconnect', () => process.exit(1));
process.once('message', (orders: Orders) => {
  obey(orders)
    .then(
      (findings) => tell({ type: 'found', findings }),
      (error: unknown) => tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) }),
    )
    .finally(() => process.exit(0));
});
