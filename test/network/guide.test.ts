/** The published guide's examples of layer 5, in its order and with its bodies. */
import { expect, it } from 'vitest';
import { at } from '../support/client.ts';
import { serveAnonymous } from '../support/server.ts';
import { vec } from './vectors.ts';

it('the examples of the network layer work as the guide shows them', async () => {
  const { anonymous: client } = await serveAnonymous();
  // The guide's agents are there already.
  for (const session_id of ['agent_a', 'agent_b']) {
    await client.create({ session_id, template_embedding: await client.embed(session_id) });
  }
  const transferred = await client.ok('POST', '/v1/network/transfer', {
    source_instance: 'agent_a',
    target_instance: 'agent_b',
    transfer_type: 'SEMANTIC_DELTA',
    state_vector: vec(0.1, 0.2),
  });
  expect(transferred).toMatchObject({
    packet_id: expect.any(String),
    transfer_type: 'SEMANTIC_DELTA',
    verified: false,
    delta_norm: expect.closeTo(Math.hypot(0.1, 0.2), 12),
  });

  const switched = await client.ok('POST', '/v1/network/users/switch', { user_id: 'user_42' });
  expect(switched).toEqual({ active_user: 'user_42', previous_user: 'default' });
  expect(await client.ok('GET', '/v1/network/users/active')).toEqual({ active_user: 'user_42' });
  const { session_id } = await client.run({ message: 'What did we decide about embedders?' });
  await client.store({ session_id, response: 'We picked mpnet 768d for German content.' });
  expect(await client.ok('POST', '/v1/network/users/user_42/serialize')).toMatchObject({
    user_id: 'user_42',
    state: { sessions: [{ session_id, turns: 1 }], next: null },
  });

  const direction = (await client.export(session_id)).state_dict.state;
  const body = { proposed_state: direction, rationale: 'German content needs it' };
  const decided = await client.ok<{ trust_scores: object }>('POST', '/v1/network/consensus', body);
  expect(decided).toMatchObject({ accepted: true, ratio: 1, proposer: 'user_42', votes: { [session_id]: true } });
  const trust = { trust_scores: { [session_id]: expect.closeTo(0.55, 12), user_42: expect.closeTo(0.55, 12) } };
  expect(await client.ok('GET', '/v1/network/consensus/trust')).toEqual(trust);
  expect((await client.get(at('agent_b', 'export'))).status).toBe(404);
});
