/** `/ws` alone, and a poster beside it. */
import type { SempEvent } from '../../src/environment/event.ts';
import type { Store } from '../../src/store/store.ts';
import { sempFront } from '../../src/ws/semp.ts';
import { openFront } from './door.ts';

/**
 * @param pingMs between two pings of a connection
 * @param store default: a new one in memory
 */
export async function openDoor(pingMs = 30_000, store?: Store) {
  const opened = await openFront((options) => sempFront({ ...options, pingMs }), store);
  const { environment } = opened.runtime.services;
  let n = 0;
  const post = async (payload: Record<string, unknown> = {}, scope = 's'): Promise<SempEvent> => {
    const poster = { tenant: 'anonymous', requestId: `r${n++}`, newId: () => crypto.randomUUID() };
    const draft = { type: 'proposal', scope, trace_id: 't', agent_id: 'a', payload } as const;
    return (await environment.post(poster, draft)).event;
  };
  return { ...opened, post };
}
