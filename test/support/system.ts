/** A whole actor system over a store, for tests. */
import type { Address } from '../../actors/address.ts';
import type { Kind } from '../../actors/kind.ts';
import { System, type SystemOptions } from '../../actors/system.ts';
import { EmbeddedHost } from '../../src/host/embedded.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeClock } from './clock.ts';

export interface TestSystem {
  readonly system: System;
  readonly host: EmbeddedHost;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly logged: { level: string; facts: object; message: string }[];
  stop(): Promise<void>;
}

export async function testSystem(
  kinds: readonly Kind[],
  options: Partial<SystemOptions> & {
    store?: Store;
    clock?: FakeClock;
    durability?: 'durable' | 'relaxed';
    onFault?: (error: unknown) => void;
  } = {},
): Promise<TestSystem> {
  const { store = createMemoryStore(), clock = new FakeClock(), durability = 'durable', onFault, ...rest } = options;
  const logged: TestSystem['logged'] = [];
  const log = (level: string) => (facts: object, message: string) => void logged.push({ level, facts, message });
  const host = new EmbeddedHost({ store, clock, durability, ...(onFault ? { onFault } : {}) });
  await host.adopt(kinds);
  const system = new System({
    host,
    clock,
    kinds,
    logger: { warn: log('warn'), error: log('error') },
    random: () => 0.5,
    ...rest,
  });
  system.start();
  const stop = async () => {
    await system.drain();
    await host.close();
  };
  return { system, host, store, clock, logged, stop };
}

export function at(kind: string, id: string, tenant = 't1'): Address {
  return { tenant, kind, id };
}
