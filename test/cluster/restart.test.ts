/** Clusters outlive the process: what they are, who belongs to them, and what was answered under a key. */
import { expect, it } from 'vitest';
import { marker, openServer, tempDir } from '../support/server.ts';
import { at, direction, found, look, member } from './wire.ts';

it('are the same after a restart, and a feedback that was answered is not given again', async () => {
  const data = await tempDir();
  const key = `${data}/key.json`;
  const idempotency = { 'idempotency-key': marker() };
  const first = await openServer({ data: `${data}/store`, key });
  const ada = await first.as('ada');
  const id = await found(ada, { name: 'lasting', aggregation_mode: 'attention', coupling_factor: 0.5 });
  const [east] = [await member(ada, id, [1, 0]), await member(ada, id, [0, 1])];
  await ada.ok('POST', at(id, '/store'), { message: 'Which port?', response: 'Port 8080.' });
  const answer = await ada.ok('POST', at(id, '/feedback'), undefined, idempotency);
  const [before, moved] = [await look(ada, id), await direction(first, 'ada', east)];
  await first.close();

  const second = await openServer({ data: `${data}/store`, key });
  const again = await second.as('ada');
  expect(await look(again, id)).toEqual(before);
  expect(await again.ok('POST', at(id, '/feedback'), undefined, idempotency)).toEqual(answer);
  expect(await direction(second, 'ada', east)).toEqual(moved);
  expect((await again.post(at(id, '/members'), { session_id: east })).status).toBe(200);
  await again.ok('DELETE', at(id));
  expect((await again.get(`/v1/metrics/${id}`)).status).toBe(404);
  await second.close();
});

it('shows each step in the log: who joined, who left, what was fed back', async () => {
  const server = await openServer();
  const ada = await server.as('ada');
  const id = await found(ada, { coupling_factor: 1 });
  const one = await member(ada, id, [1, 0]);
  const two = await member(ada, id, [0, 1]);
  await ada.ok('POST', at(id, '/feedback'));
  await ada.ok('DELETE', at(id, `/members/${one}`));
  await ada.ok('DELETE', `/v1/session/${two}`);
  const { system } = server.running.runtime;
  const facts = system
    .records({ tenant: 'ada', after: 0, limit: 1_000 })
    .filter(({ address, type }) => address.kind === 'cluster' && /^(member\.(added|removed)|feedback)$/.test(type))
    .map(({ type, payload }) => [type, payload]);
  expect(facts).toEqual([
    ['member.added', { session: one }],
    ['member.added', { session: two }],
    ['feedback', { updated: 2, share: 1 }],
    ['member.removed', { session: one }],
    ['member.removed', { session: two }],
  ]);
  await server.close();
});
