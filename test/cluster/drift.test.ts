/** A drift reaches the cluster by itself: of a member, of the shared session, of nobody who left. */
import { expect, it } from 'vitest';
import type { ClusterContext } from '../../actors/kinds/cluster/model.ts';
import type { Client } from '../support/client.ts';
import { serve } from '../support/server.ts';
import { at, found, member } from './wire.ts';

const TALK = [
  ['Which database does billing use?', 'Billing uses the Postgres database on version 16.'],
  ['Which port does the billing database use?', 'The billing database uses port 5433.'],
  ['Who runs the billing database?', 'The platform team runs the billing database.'],
  ['How large is the billing database?', 'The billing database holds 40 gigabytes.'],
] as const;
const ELSEWHERE = 'How long should onion soup simmer before the thyme goes in?';

it('reaches the cluster from members and from its own session, and from no stranger', async () => {
  const server = await serve();
  const ada = await server.as('ada');
  const id = await found(ada);
  const one = await member(ada, id);
  const left = await member(ada, id);
  await ada.ok('DELETE', at(id, `/members/${left}`));
  const last = async () => {
    const view = await server.running.runtime.system.read<ClusterContext>({ tenant: 'ada', kind: 'cluster', id });
    return view!.context.lastDrift;
  };
  const talk = async (client: Client, session: string) => {
    for (const [message, response] of TALK) await client.store({ session_id: session, message, response });
  };

  await talk(ada, left);
  const gone = await ada.run({ session_id: left, message: ELSEWHERE });
  expect(gone.drift_detected).toBe(true);
  expect(await last()).toBeNull();

  await talk(ada, one);
  const { drift_score } = await ada.run({ session_id: one, message: ELSEWHERE });
  await expect.poll(last).toMatchObject({ session: one, score: drift_score, phase: 'drifted' });

  for (const [message, response] of TALK) await ada.ok('POST', at(id, '/store'), { message, response });
  await ada.ok('POST', at(id, '/run'), { query: ELSEWHERE });
  await expect.poll(last).toMatchObject({ session: id });
});
