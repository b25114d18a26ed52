/** `kill -9` in the middle of deliveries: nothing is lost, order holds, and what comes twice has the same id. */
import { expect, it } from 'vitest';
import { readRecords } from '../../src/host/log.ts';
import { openStore } from '../../src/store/index.ts';
import { deliveryId } from '../../src/webhooks/signature.ts';
import { Client } from '../support/client.ts';
import { type ServerProcess, spawnServer } from '../support/process.ts';
import { tempDir } from '../support/server.ts';
import { type Receiver, receiver, status, until } from './receiver.ts';

/** More by hand. */
const ROUNDS = Number(process.env.SYNOD_KILL_ROUNDS ?? 5);
const POSTERS = 8;
const EVENTS_PER_ROUND = 60;
const LATEST_KILL_MS = 30;

/** Posts until the connection breaks. */
async function talk(client: Client, acknowledged: Set<string>, onEvent: () => void): Promise<void> {
  for (;;) {
    const body = { type: 'proposal', scope: 'ui.login', trace_id: 't', agent_id: 'a', payload: {} };
    try {
      const { id } = await client.ok<{ id: string }>('POST', '/api/events', body);
      acknowledged.add(id);
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
    onEvent();
  }
}

/** Kills the server soon after so many events, wherever the deliveries happen to be. */
async function postAndKill(server: ServerProcess, acknowledged: Set<string>): Promise<void> {
  const client = new Client(server.url, {});
  let left = EVENTS_PER_ROUND;
  await new Promise<void>((resolve, reject) => {
    const kill = () => server.kill().then(resolve, reject);
    const onEvent = () => {
      left--;
      if (left === 0) setTimeout(kill, Math.random() * LATEST_KILL_MS);
    };
    const talkers = Array.from({ length: POSTERS }, () => talk(client, acknowledged, onEvent));
    Promise.all(talkers).catch(reject);
  });
}

/** Ids of all events in the log, oldest first. */
async function eventsIn(data: string): Promise<string[]> {
  const store = await openStore({ data, readOnly: true });
  try {
    return readRecords(store, 'anonymous', 0, 1_000_000).flatMap(({ address, type, payload }) =>
      address.kind === 'signal' && type === 'post' ? [(payload as { semp: { id: string } }).semp.id] : [],
    );
  } finally {
    await store.close();
  }
}

const idsAt = ({ received }: Receiver) => received.map(({ body }) => body.data.id);

it(`delivers every event at least once, in order, through ${ROUNDS} kills`, {
  timeout: 60_000 + ROUNDS * 30_000,
}, async () => {
  const data = await tempDir();
  const acknowledged = new Set<string>();
  const there = await receiver((received, response, request) => {
    setTimeout(() => status(204)(received, response, request), Math.random() * 3);
  });
  let hook = '';
  for (let round = 0; round < ROUNDS; round++) {
    const server = await spawnServer(data, ['--webhook-allow-private']);
    const client = new Client(server.url, {});
    if (round === 0) hook = (await client.ok<{ id: string }>('POST', '/api/webhooks', { url: there.url })).id;
    await postAndKill(server, acknowledged);
  }
  const last = await spawnServer(data, ['--webhook-allow-private']);
  const client = new Client(last.url, {});
  const { id: end } = await client.ok<{ id: string }>('POST', '/api/events', {
    type: 'ready',
    scope: 'ui.login',
    trace_id: 't',
    agent_id: 'a',
    payload: {},
  });
  await until(() => there.received.at(-1)?.body.data.id === end);
  await until(async () => {
    const [newest] = await client.ok<{ event_id: string }[]>('GET', `/api/webhooks/${hook}/deliveries?limit=1`);
    return newest?.event_id === end;
  });
  expect(await last.stop()).toBe(0);

  const stored = await eventsIn(data);
  const arrived = idsAt(there);
  expect(stored).toEqual(expect.arrayContaining([...acknowledged]));
  expect([...new Set(arrived)], 'first arrivals').toEqual(stored);
  // At most those whose outcome was on its way to the disk when a kill came, and the one under way.
  expect(arrived.length - stored.length).toBeLessThanOrEqual(33 * ROUNDS);
  for (const { body, headers } of there.received) {
    expect(headers['webhook-id']).toBe(deliveryId(hook, body.data.id));
    expect(body.delivery_id).toBe(headers['webhook-id']);
  }
});
