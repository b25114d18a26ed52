/** A real worker thread behind a door, driven from the test. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Synod } from '../../src/index.ts';
import type { SynodClient } from '../../src/thread/client.ts';
import { makeConsumer } from '../synod/consumer.ts';

type Method = keyof SynodClient | 'watchBadly' | 'stop' | 'exit' | 'idle';

export interface TestWorker {
  readonly worker: Worker;
  /** Has the worker call a method of its client; rejects with the fields of the worker's error. */
  run<T = unknown>(method: Method, ...args: unknown[]): Promise<T>;
  readonly seen: { readonly watch: string; readonly snapshot: { readonly context: unknown } }[];
  readonly warnings: string[];
}

const installed = mkdtempSync(join(tmpdir(), 'synod-thread-'));
beforeAll(() => makeConsumer(installed));
afterAll(() => rmSync(installed, { recursive: true, force: true }));

export async function startWorker(synod: Synod, options: { deadlineMs?: number } = {}): Promise<TestWorker> {
  const client = pathToFileURL(join(installed, 'dist', 'src', 'thread', 'client.js')).href;
  const port = synod.door();
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
    workerData: { port, client, options },
    transferList: [port],
  });
  onTestFinished(() => void worker.terminate());
  const waiting = new Map<number, (message: { ok: boolean; value: unknown; error: unknown }) => void>();
  const seen: TestWorker['seen'] = [];
  const warnings: string[] = [];
  worker.on('message', (message) => {
    if ('call' in message) waiting.get(message.call)?.(message);
    if ('watch' in message) seen.push(message);
    if ('warning' in message) warnings.push(message.warning);
  });
  await once(worker, 'message');
  let calls = 0;
  const run = <T>(method: Method, ...args: unknown[]) =>
    new Promise<T>((resolve, reject) => {
      const call = ++calls;
      waiting.set(call, ({ ok, value, error }) => (ok ? resolve(value as T) : reject(error)));
      worker.postMessage({ call, method, args });
    });
  return { worker, run, seen, warnings };
}
