/** The environment in this process, over a store and a clock of the test. */
import { randomUUID } from 'node:crypto';
import type { SignalSettings } from '../../src/environment/rules.ts';
import { createRuntime, type Runtime } from '../../src/runtime.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { memoryLogger, testConfig } from '../support/server.ts';
import type { Draft } from './reference.ts';

export const TENANT = 'anonymous';

export interface Live {
  readonly runtime: Runtime;
  post(draft: Draft): ReturnType<Runtime['services']['environment']['post']>;
  signals(): ReturnType<Runtime['services']['environment']['signals']>;
}

export async function live(
  store: Store,
  options: { clock?: FakeClock; signals?: SignalSettings; idleMs?: number } = {},
): Promise<Live> {
  const { clock = new FakeClock(), signals = { profile: 'arch', scopes: [] }, idleMs } = options;
  const config = testConfig({ signals, ...(idleMs === undefined ? {} : { idleMs }) });
  const runtime = await createRuntime({ config, logger: memoryLogger([]), store, clock });
  const { environment } = runtime.services;
  return {
    runtime,
    post: (draft) => environment.post({ tenant: TENANT, requestId: 'test', newId: randomUUID }, draft),
    signals: () => environment.signals(TENANT, {}),
  };
}
