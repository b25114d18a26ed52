/** Events and signals over the wire, and a server whose wall clock the test sets. */
import { onTestFinished } from 'vitest';
import { SystemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config.ts';
import type { SempEvent } from '../../src/environment/event.ts';
import type { Signal } from '../../src/environment/signals.ts';
import { openFronts } from '../../src/fronts.ts';
import { createRuntime, type Runtime } from '../../src/runtime.ts';
import { Client, type Reply } from '../support/client.ts';
import { type LogLine, memoryLogger, testConfig } from '../support/server.ts';

export interface Touch {
  readonly id: string;
  readonly scope: string;
  readonly pattern: string;
  readonly from: number;
  readonly to: number;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A proposal, unless told otherwise. */
export function draft(changes: object = {}): object {
  return { type: 'proposal', scope: 'ui.login', trace_id: 't', agent_id: 'a', payload: {}, ...changes };
}

export function post(client: Client, changes: object = {}): Promise<SempEvent> {
  return client.ok<SempEvent>('POST', '/api/events', draft(changes));
}

/** Posts, and tells what it did to which signals. */
export async function touches(client: Client, changes: object = {}): Promise<readonly Touch[]> {
  return (await client.ok<{ signals: Touch[] }>('POST', '/api/events?include=signals', draft(changes))).signals;
}

export function signals(client: Client, query = ''): Promise<Signal[]> {
  return client.ok<Signal[]>('GET', `/api/signals${query}`);
}

/** The path of the next page, as the answer to `path` links to it. */
export function nextOf(path: string, { headers }: Reply): string | null {
  const [, target] = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '') ?? [];
  if (target === undefined) return null;
  const { pathname, search } = new URL(target, `http://x${path}`);
  return pathname + search;
}

/** The machine's clock, when somebody sets it. */
export class SetClock extends SystemClock {
  /** Unix ms; stands still. */
  at: number;
  constructor(at: number) {
    super();
    this.at = at;
  }
  override now(): number {
    return this.at;
  }
}

export interface Clocked {
  readonly clock: SetClock;
  readonly client: Client;
  readonly runtime: Runtime;
  /** For a restart; otherwise it stops with the test. */
  close(): Promise<void>;
}

/** An anonymous server with a clock that stands still until it is set. */
export async function serveAt(
  changes: Partial<Config> = {},
  clock = new SetClock(Date.UTC(2026, 0, 1)),
): Promise<Clocked> {
  const log: LogLine[] = [];
  const logger = memoryLogger(log);
  const config = testConfig({ allowAnonymous: true, rateLimit: 'off', ...changes });
  const runtime = await createRuntime({ config, logger, clock });
  const onFailure = (error: Error) => {
    throw error;
  };
  const fronts = await openFronts(runtime, { config, keys: [], logger, onFailure });
  let closed: Promise<void> | null = null;
  const stop = async () => {
    await fronts.close();
    await runtime.close();
  };
  const close = () => {
    closed ??= stop();
    return closed;
  };
  onTestFinished(close);
  return { clock, runtime, client: new Client(fronts.url, {}), close };
}
