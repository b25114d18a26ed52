/** Ten ants on a server of their own: what they find, and that they use nothing but events and signals. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortestBlind } from '../../bench/ants.ts';
import { ANTS, type Progress, type Search, search } from '../../src/cli/demo/ants/colony.ts';
import type { PostedEvent } from '../../src/cli/demo/ants/environment.ts';
import { lengthOf, nearestNeighbourTour } from '../../src/cli/demo/ants/tour.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { loadConfig } from '../../src/settings.ts';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const LOGIN = { user: 'prometheus', password: 'secret-enough' };
const TOURS = 2_000;

describe('ten ants', () => {
  let server: RunningServer;
  let found: Search;
  const progress: Progress[] = [];

  beforeAll(async () => {
    const options = {
      host: '127.0.0.1',
      port: '0',
      data: ':memory:',
      'allow-anonymous': true,
      'metrics-user': LOGIN.user,
      'metrics-password': LOGIN.password,
    };
    server = await startServer(loadConfig(options, {}), SILENT);
    found = await search({
      server: server.url,
      scope: 'tsp.test',
      seed: 1,
      tours: TOURS,
      toursPerRound: 50,
      progress: (soFar) => progress.push(soFar),
    });
  });
  afterAll(() => server.close());

  const events = async (path: string): Promise<PostedEvent[]> =>
    (await (await fetch(`${server.url}/api/events${path}`)).json()) as PostedEvent[];

  it('find a shorter tour than without signals, and than one that always goes to the nearest city', () => {
    // In 20 trials of this size: 446 to 475 with signals, 478 to 517 without.
    expect(found.best!.length).toBe(lengthOf(found.best!.tour));
    expect(found.best!.length).toBeLessThan(shortestBlind(1, TOURS));
    expect(found.best!.length).toBeLessThan(lengthOf(nearestNeighbourTour(0)));
  });

  it('build as many tours as they were asked for, in rounds', () => {
    expect(found.tours).toBe(TOURS);
    expect(progress).toHaveLength(ANTS * 4);
    expect(progress.at(-1)).toEqual({ tours: TOURS, best: found.best!.length, events: found.events });
  });

  it('use nothing but events and signals', async () => {
    const authorization = `Basic ${btoa(`${LOGIN.user}:${LOGIN.password}`)}`;
    const text = await (await fetch(`${server.url}/metrics`, { headers: { authorization } })).text();
    const requests = [...text.matchAll(/^synod_requests_total\{method="(\w+)",endpoint="([^"]+)",status="(\d+)"\}/gm)];
    const used = requests.map(([, method, endpoint, status]) => `${method} ${endpoint} ${status}`);
    expect(used.sort()).toEqual([
      'GET /api/events/scope/{scope} 200',
      'GET /api/signals 200',
      'POST /api/events/batch 200',
    ]);
  });

  it('say of every deposit which announced tour it is for', async () => {
    const announced = new Map((await events('/scope/tsp.test.tours')).map((event) => [event.id, event]));
    expect(announced.size).toBe(found.events.ready);
    expect(announced.get(found.best!.event)!.agent_id).toBe(found.best!.agent);
    const deposits = await events('/scope/tsp.test');
    expect(deposits.length).toBeGreaterThan(500);
    for (const { type, parent_ids } of deposits) {
      expect(['proposal', 'reward', 'penalty']).toContain(type);
      expect(parent_ids.map((id) => announced.has(id))).toEqual([true]);
    }
  });

  it('leave signals within their bounds, the strongest on edges of good tours', () => {
    expect(found.signals.length).toBeGreaterThan(51);
    for (const { pattern, strength, scope } of found.signals) {
      expect(scope).toBe('tsp.test');
      expect(pattern).toMatch(/^\d+-\d+$/);
      expect(strength).toBeGreaterThanOrEqual(0.01);
      expect(strength).toBeLessThanOrEqual(1);
    }
  });

  it('end after the rounds under way when they are told to', async () => {
    const signal = AbortSignal.abort();
    const none = await search({ server: server.url, scope: 'tsp.none', seed: 1, signal });
    expect(none).toMatchObject({ tours: 0, best: undefined, signals: [] });
  });
});
