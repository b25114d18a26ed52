/** Signals of the shared environment: what events have left, and how strong it still is. */
import { z } from 'zod';
import { operation } from '../operation.ts';
import { signal } from './shapes.ts';

export const listSignals = operation({
  name: 'signals.list',
  dialect: 'sel',
  summary: 'List the signals that live',
  description: 'Strongest first. A signal below 0.01 is gone.',
  http: { method: 'GET', path: '/api/signals', aliases: ['/signals'], status: 200 },
  input: {},
  output: z.array(signal),
  access: 'tenant',
  mutates: false,
  example: {},
  owned: [],
  run: ({ caller, services }) => services.environment.signals(caller.tenant, {}),
});
