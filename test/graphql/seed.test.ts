/** The three documents of the published API reference, word for word. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { openServer, type TestServer } from '../support/server.ts';
import { data, draft, nobodyListens, subscriber } from './ask.ts';

const GET_EVENTS = `query GetEvents {
  events(limit: 10, scope: "ui.login") {
    id
    type
    scope
    trace_id
    agent_id
    timestamp
    payload
  }
}`;
const CREATE_EVENT = `mutation CreateEvent($input: EventInput!) {
  createEvent(input: $input) {
    id
    type
    scope
    timestamp
  }
}`;
const ON_EVENT = `subscription OnEvent($scope: String) {
  eventCreated(scope: $scope) {
    id
    type
    scope
    payload
  }
}`;

let server: TestServer;
let ada: Client;

beforeAll(async () => {
  server = await openServer();
  ada = await server.as('ada');
});
afterAll(() => server.close());
beforeEach(() => nobodyListens(server));

it('an event is created, heard of, and listed', async () => {
  const { listen } = subscriber(server, {}, ada.headers);
  const heard = await listen(ON_EVENT, { scope: 'ui.login' });
  const input = draft('ui.login', 'improve_ux');
  const { createEvent: created } = await data<{ createEvent: Record<string, string> }>(ada, CREATE_EVENT, { input });
  expect(created).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
    type: 'proposal',
    scope: 'ui.login',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });

  await ada.ok('POST', '/api/events', draft('api.users', 'elsewhere'));
  const { events } = await data(ada, GET_EVENTS);
  const { id, timestamp } = created;
  const event = { id, type: 'proposal', scope: 'ui.login', payload: { action: 'improve_ux' } };
  expect(events).toEqual([{ ...event, trace_id: 'trace-001', agent_id: 'agent-1', timestamp }]);

  await ada.ok('POST', '/api/events', draft('ui.login', 'second', { type: 'reward' }));
  const [first, second] = await heard.first(2);
  expect(first).toEqual({ data: { eventCreated: event } });
  expect(second).toMatchObject({ data: { eventCreated: { type: 'reward', payload: { action: 'second' } } } });
  expect(heard.results).toHaveLength(2);
});

it('without a scope the subscription hears everything', async () => {
  const { listen } = subscriber(server, {}, ada.headers);
  const heard = await listen(ON_EVENT);
  for (const scope of ['ui.login', 'api.users']) await ada.ok('POST', '/api/events', draft(scope, 'x'));
  expect(
    (await heard.first(2)).map(({ data }) => (data as { eventCreated: { scope: string } }).eventCreated.scope),
  ).toEqual(['ui.login', 'api.users']);
});
