/** Is it alive, is it ready, and what does it measure. */
import { z } from 'zod';
import { Answer, operation } from './operation.ts';

export const health = operation({
  name: 'health',
  dialect: 'cortex',
  summary: 'Liveness and number of sessions',
  http: { method: 'GET', path: '/v1/health', status: 200 },
  input: {},
  output: z.object({ status: z.literal('ok'), active_sessions: z.int(), version: z.string() }),
  access: 'open',
  mutates: false,
  example: {},
  owned: [],
  run: async ({ services }) => ({
    status: 'ok',
    active_sessions: services.system.count('session'),
    version: services.version,
  }),
});

export const ready = operation({
  name: 'ready',
  dialect: 'cortex',
  summary: 'Readiness of every part',
  http: { method: 'GET', path: '/v1/readyz', aliases: ['/readyz'], status: 200 },
  input: {},
  output: z.object({ status: z.enum(['ready', 'unready']), checks: z.record(z.string(), z.string()) }),
  access: 'open',
  mutates: false,
  errors: [503],
  example: {},
  owned: [],
  run: async ({ services }) => {
    const checks = services.checks();
    const ok = Object.values(checks).every((check) => check === 'ok');
    return ok
      ? { status: 'ready', checks }
      : new Answer({ status: 'unready', checks }, { status: 503, headers: { 'Retry-After': '1' } });
  },
});

export const live = operation({
  name: 'live',
  dialect: 'synod',
  summary: 'Liveness',
  http: { method: 'GET', path: '/healthz', status: 200 },
  input: {},
  output: z.object({ status: z.literal('ok') }),
  access: 'open',
  mutates: false,
  example: {},
  owned: [],
  run: async () => ({ status: 'ok' }),
});

export const selHealth = operation({
  name: 'environment.health',
  dialect: 'sel',
  summary: 'Liveness',
  http: { method: 'GET', path: '/api/health', aliases: ['/health'], status: 200 },
  input: {},
  output: z.object({ status: z.literal('ok'), version: z.string() }),
  access: 'open',
  mutates: false,
  example: {},
  owned: [],
  run: async ({ services }) => ({ status: 'ok', version: services.version }),
});

export const metrics = operation({
  name: 'metrics',
  dialect: 'cortex',
  summary: 'Prometheus metrics',
  http: { method: 'GET', path: '/metrics', status: 200 },
  input: {},
  output: z.string().meta({ contentType: 'text/plain' }),
  access: 'metrics',
  mutates: false,
  errors: [503],
  example: {},
  owned: [],
  run: async ({ services }) =>
    new Answer(await services.metrics(), { contentType: 'text/plain; version=0.0.4; charset=utf-8' }),
});
