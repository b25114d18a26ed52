/** Posting events for the push benchmark. */
import { createClient } from '../load/client.ts';
import { machineMs } from './clock.ts';

export interface Answered {
  /** Before it was sent and after it was answered, by the machine's clock. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

export interface EventPoster {
  /** @param bytes of the payload, about; default: as small as they are */
  post(bytes?: number): Promise<Answered>;
  /** Posts over so many connections without a pause. */
  flood(connections: number, seconds: number): Promise<readonly Answered[]>;
  close(): void;
}

const DEADLINE_MS = 30_000;
/** Different signals, as events of a team would touch. */
const SCOPES = 64;

export function createPoster(url: string): EventPoster {
  const client = createClient({ url, token: undefined, keepAlive: true, deadlineMs: DEADLINE_MS });
  let n = 0;
  const post = async (bytes = 0): Promise<Answered> => {
    const mine = n++;
    const body = JSON.stringify({
      type: 'proposal',
      scope: `bench.push.${mine % SCOPES}`,
      trace_id: 'bench',
      agent_id: `agent-${mine % SCOPES}`,
      payload: { action: 'improve_ux', n: mine, ...(bytes > 0 ? { filling: 'x'.repeat(bytes) } : {}) },
    });
    const sentAt = machineMs();
    const { ok, status } = await client.call('POST', '/api/events', body);
    if (!ok) throw new Error(`an event was answered with ${status}`);
    return { sentAt, answeredAt: machineMs() };
  };
  return {
    post,
    flood: async (connections, seconds) => {
      const answered: Answered[] = [];
      const end = machineMs() + seconds * 1_000;
      const one = async () => {
        while (machineMs() < end) answered.push(await post());
      };
      await Promise.all(Array.from({ length: connections }, one));
      return answered;
    },
    close: () => client.close(),
  };
}
