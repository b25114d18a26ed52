/**
 * Our own server as a child process: what `synod serve` starts, and beside it a look at the process every moment. Told
 * what to do by messages; ends when told to or with its parent.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { type RunningServer, startServer } from '../../src/server.ts';
import { loadConfig } from '../../src/settings.ts';

/** The process at one moment. */
export interface Sample {
  /** Unix ms. */
  readonly at: number;
  readonly rssBytes: number;
  /** Without the pages of mapped files, which the system may take back; null where it does not tell. */
  readonly anonymousBytes: number | null;
  /** User and system time since the process began. */
  readonly cpuMs: number;
  /** 99th percentile and longest event loop delay since the sample before. */
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
}

export type Request =
  | { readonly type: 'start'; readonly options: Readonly<Record<string, string | boolean>>; readonly everyMs: number }
  /** Lets the idle leave memory, collects garbage, then answers with a sample and how many actors are live. Needs --expose-gc. */
  | { readonly type: 'settle' }
  | { readonly type: 'stop' };

export type Reply =
  | { readonly type: 'ready'; readonly url: string }
  | { readonly type: 'sample'; readonly sample: Sample }
  | { readonly type: 'settled'; readonly sample: Sample; readonly live: number }
  | { readonly type: 'failed'; readonly message: string };

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const RESOLUTION_MS = 10;

const tell = (reply: Reply) => process.send?.(reply);
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

function anonymousBytes(): number | null {
  try {
    const found = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return found ? Number(found[1]) * 1_024 : null;
  } catch {
    // Only Linux has it.
    return null;
  }
}

function look(): Sample {
  const { user, system } = process.cpuUsage();
  // The histogram counts from one tick to the next, so an idle loop shows the resolution itself.
  const above = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) || 0;
  const sample = {
    at: Date.now(),
    rssBytes: process.memoryUsage.rss(),
    anonymousBytes: anonymousBytes(),
    cpuMs: (user + system) / 1_000,
    loopP99Ms: above(delay.percentile(99)),
    loopMaxMs: above(delay.max),
  };
  delay.reset();
  return sample;
}

async function settle({ runtime }: RunningServer): Promise<void> {
  // Whoever was idle for long leaves now, and not when the server looks next.
  runtime.system.sweep();
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc?.();
    await wait(100);
  }
  tell({ type: 'settled', sample: look(), live: runtime.system.inspect().live });
}

async function begin({ options, everyMs }: Extract<Request, { type: 'start' }>): Promise<void> {
  const server = await startServer(loadConfig(options, {}), SILENT);
  delay.enable();
  if (everyMs > 0) setInterval(() => tell({ type: 'sample', sample: look() }), everyMs).unref();
  process.on('message', (request: Request) => {
    if (request.type === 'settle') void settle(server);
    if (request.type === 'stop') void server.close().finally(() => process.exit(0));
  });
  tell({ type: 'ready', url: server.url });
}

process.once('disconnect', () => process.exit(1));
// Ctrl-C reaches the whole group; the parent decides what becomes of the server.
process.on('SIGINT', () => {});
process.once('message', (request: Request) => {
  if (request.type !== 'start') return;
  begin(request).catch((error: unknown) => {
    tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  });
});
