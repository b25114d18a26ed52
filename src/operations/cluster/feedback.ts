/** `POST /v1/cluster/{id}/feedback`: every member moves a share of the way to what they are all together. */
import { z } from 'zod';
import { formatAddress } from '../../../actors/address.ts';
import { aggregateOf } from '../../../actors/kinds/cluster/aggregate.ts';
import type { Subscription } from '../../../actors/ports.ts';
import { type Context, operation } from '../operation.ts';
import { worldFor } from '../world.ts';
import { clusterAddress, clusterPath, readCluster, tellCluster } from './access.ts';

/** How long the answer waits for members to have moved; what is on its way by then arrives all the same. */
const WAIT_MS = 1_000;

export const feedback = operation({
  name: 'cluster.feedback',
  dialect: 'cortex',
  summary: 'Blend the aggregate into all members',
  description:
    'v = unit((1 − coupling)·v + coupling·aggregate) in every member that has a vector: 0 changes nobody, 1 replaces. ' +
    'Once answered, each member is blended exactly once, whatever crashes.',
  http: { method: 'POST', path: '/v1/cluster/{id}/feedback', status: 200 },
  input: { path: clusterPath },
  output: z.object({ cluster_id: z.string(), sessions_updated: z.int() }),
  access: 'tenant',
  mutates: true,
  heavy: true,
  example: { path: { id: '$cluster' } },
  owned: ['path.id'],
  run: async (context, { path }) => {
    const cluster = await readCluster(context, path.id);
    if (cluster.coupling === 0) return { cluster_id: path.id, sessions_updated: 0 };
    const { vector, members } = await aggregateOf(worldFor(context), cluster);
    const sessions = members.filter(({ initialised }) => initialised).map(({ id }) => id);
    return { cluster_id: path.id, sessions_updated: await spread(context, path.id, vector, sessions) };
  },
});

/** @returns how many members were sent the vector; they have moved by then, unless they are busy for long */
async function spread(
  context: Context,
  id: string,
  vector: Float64Array,
  sessions: readonly string[],
): Promise<number> {
  const { caller, services } = context;
  const filter = { tenant: caller.tenant, kinds: ['session'], types: ['vector.blend'] };
  const blends = services.system.subscribe(filter);
  const timer = services.clock.setTimeout(() => blends.close(), WAIT_MS);
  try {
    // It was made of float32 rows: more digits would say nothing, and every message and its record carry it.
    const event = { type: 'feedback.send' as const, vector: Float32Array.from(vector), sessions: [...sessions] };
    const { outcome, revision, repeated } = await tellCluster(context, id, event);
    if (!repeated)
      await arrivals(blends, `${formatAddress(clusterAddress(context, id))}:${revision}:`, outcome.updated);
    return outcome.updated;
  } finally {
    timer.cancel();
    blends.close();
  }
}

/** Waits for so many events that were caused by messages of one turn, or until the subscription ends. */
async function arrivals(blends: Subscription, cause: string, count: number): Promise<void> {
  let open = count;
  if (open === 0) return;
  for await (const item of blends) {
    if (item.type === 'record' && item.record.causationId?.startsWith(cause)) open--;
    if (open === 0) return;
  }
}
