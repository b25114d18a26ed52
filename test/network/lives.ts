/** A whole runtime over a store and a clock of the test's, asked in process as one tenant. */
import { createCall } from '../../src/calls.ts';
import { createRuntime, type Runtime } from '../../src/runtime.ts';
import type { Store } from '../../src/store/store.ts';
import type { FakeClock } from '../support/clock.ts';
import { testConfig } from '../support/server.ts';

export interface Life {
  readonly runtime: Runtime;
  readonly call: ReturnType<typeof createCall>;
  close(): Promise<void>;
}

export async function live(store: Store, clock: FakeClock): Promise<Life> {
  const logger = { warn: () => {}, error: () => {} };
  const runtime = await createRuntime({ config: testConfig(), logger, clock, store });
  return { runtime, call: createCall(runtime.services, 'ada'), close: () => runtime.close() };
}
