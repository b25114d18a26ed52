/** How many streams may be open: per caller and in all. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import { serve } from '../support/server.ts';
import { connect, refusal } from './listener.ts';

/** Tries to open a stream and keeps it. @returns `open`, or the status it was refused with */
function attempt(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/stream`, { headers: { ...headers } });
  onTestFinished(() => socket.terminate());
  socket.on('error', () => {});
  return new Promise((resolve) => {
    socket.on('open', () => resolve('open'));
    socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)));
  });
}

describe('open streams', () => {
  it('are bounded per caller: one more is refused with 429 and a time, others are not, and an end makes room', async () => {
    const server = await serve({ maxStreamsPerTenant: 2 });
    const [ada, bob] = [await server.as('ada'), await server.as('bob')];
    const [first] = [await connect(server.url, ada.headers), await connect(server.url, ada.headers)];
    const refused = await refusal(server.url, ada.headers);
    expect(refused).toMatchObject({
      status: 429,
      body: { detail: '2 streams of this caller are open, no more may be' },
    });
    expect(Number(refused.retryAfter)).toBeGreaterThanOrEqual(1);
    await (await connect(server.url, bob.headers)).subscribe();
    first.socket.terminate();
    await eventually(async () => void (await (await connect(server.url, ada.headers)).subscribe()));
    expect((await refusal(server.url, ada.headers)).status).toBe(429);
    // Requests are another matter.
    await ada.create();
  });

  it('are bounded in all: one more of anybody is refused with 503 and a time', async () => {
    const server = await serve({ maxStreams: 3 });
    const callers = await Promise.all(['ada', 'bob', 'eve', 'mallory'].map((name) => server.as(name)));
    for (const { headers } of callers.slice(0, 3)) await connect(server.url, headers);
    const refused = await refusal(server.url, callers[3]!.headers);
    expect(refused).toMatchObject({ status: 503, body: { detail: 'the server has as many open streams as it may' } });
    expect(Number(refused.retryAfter)).toBeGreaterThanOrEqual(1);
    expect((await server.anonymous.get('/readyz')).status).toBe(200);
  });

  it('do not pass the bound when many come at once', async () => {
    const server = await serve({ maxStreamsPerTenant: 5, maxStreams: 8 });
    const callers = await Promise.all(['ada', 'bob'].map((name) => server.as(name)));
    const outcomes = await Promise.all(
      callers.flatMap(({ headers }) => Array.from({ length: 20 }, () => attempt(server.url, headers))),
    );
    const count = (outcome: string) => outcomes.filter((one) => one === outcome).length;
    expect(count('open')).toBe(8);
    expect(count('429') + count('503')).toBe(32);
    expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
