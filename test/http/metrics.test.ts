/** Figures for Prometheus: both families of names, and labels that cannot grow without bound. */
import { expect, it } from 'vitest';
import { createMetrics } from '../../src/http/metrics.ts';
import { fake, serve } from './harness.ts';

it('requests are counted by route template under both names', async () => {
  const { call, metrics } = await serve([fake('GET', '/v1/cluster/{id}', { http: { aliases: ['/v1/team/{id}'] } })]);
  await call('GET', '/v1/cluster/c1');
  await call('GET', '/v1/team/c2');
  const text = await metrics.text();
  for (const name of ['synod', 'semvec']) {
    expect(text).toContain(`${name}_requests_total{method="GET",endpoint="/v1/cluster/{id}",status="200"} 2`);
    expect(text).toContain(`${name}_request_duration_seconds_count{method="GET",endpoint="/v1/cluster/{id}"} 2`);
    expect(text).toContain(`# TYPE ${name}_request_duration_seconds histogram`);
  }
  expect(text).not.toContain('c1');
});

it('paths nobody serves share one label', async () => {
  const { call, metrics } = await serve([]);
  for (const path of ['/a', '/b', '/v1/%ff']) await call('GET', path);
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('synod_requests_total{'));
  expect(lines).toEqual([
    'synod_requests_total{method="GET",endpoint="unmatched",status="404"} 2',
    'synod_requests_total{method="GET",endpoint="unmatched",status="400"} 1',
  ]);
});

it('gauges are read when somebody looks', async () => {
  const metrics = createMetrics();
  let sessions = 1;
  metrics.gauge('synod_sessions', 'Sessions.', () => sessions);
  metrics.gaugeBy('synod_live_actors', 'Live actors.', 'kind', () => ({ session: 2, cluster: 3 }));
  sessions = 5;
  const text = await metrics.text();
  expect(text).toContain('synod_sessions 5');
  expect(text).toContain('synod_live_actors{kind="cluster"} 3');
});

it('every family is announced once', async () => {
  const metrics = createMetrics();
  metrics.process();
  metrics.observe('GET', '/x', 200, 0.01);
  const text = await metrics.text();
  const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(new Set(families).size).toBe(families.length);
  expect(families).toEqual(expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds']));
  expect(text.endsWith('\n')).toBe(true);
});
