/** Posts one event to each of many signals, so that each is awake once. Takes its orders as JSON in the first argument. */
import { createClient } from '../load/client.ts';
import { SIGNALS_PER_SCOPE, scopeName } from './history.ts';

export interface Orders {
  readonly url: string;
  /** Numbers of the first signal, and of the one behind the last. */
  readonly from: number;
  readonly to: number;
}

const AT_ONCE = 64;

const { url, from, to } = JSON.parse(process.argv[2] ?? '{}') as Orders;
const client = createClient({ url, token: undefined, keepAlive: true, deadlineMs: 60_000 });
let next = from;

async function wake(): Promise<void> {
  while (next < to) {
    const n = next++;
    const scope = scopeName(Math.floor(n / SIGNALS_PER_SCOPE));
    const payload = { action: `action-${n % SIGNALS_PER_SCOPE}` };
    const body = { type: 'ready', scope, trace_id: 'waker', agent_id: 'waker', payload };
    const { ok, status } = await client.call('POST', '/api/events', JSON.stringify(body));
    if (!ok) throw new Error(`POST /api/events was answered with ${status}`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, wake));
client.close();
