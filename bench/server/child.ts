/**
 * Our own server as a child process: what `synod serve` starts, and beside it a look at the process every moment. Told
 * what to do by messages; ends when told to or with its parent.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { type RunningServer, startServer } from '../../src/server.ts';
import { loadConfig } from '../../src/settings.ts';
import { TABLES } from '../../src/store/store.ts';
import { createAudit, type Seen, type Tally, watchRegions } from '../coordination/audit.ts';

/** The process at one moment. */
export interface Sample {
  /** Unix ms. */
  readonly at: number;
  readonly rssBytes: number;
  /** Without the pages of mapped files, which the system may take back; null where it does not tell. */
  readonly anonymousBytes: number | null;
  /** JavaScript objects and buffers, garbage that was not collected yet among them. */
  readonly heapBytes: number;
  /** User and system time since the process began. */
  readonly cpuMs: number;
  /** 99th percentile and longest event loop delay since the sample before. */
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  /** Actors in memory. */
  readonly live: number;
  /** Sessions there are, in memory or not. */
  readonly sessions: number;
  /** Of the data file. */
  readonly storeBytes: number;
  /** Since the directory was made; they stay. */
  readonly logRecords: number;
}

/** What one table of the store holds. */
export interface TableWeight {
  readonly table: string;
  readonly rows: number;
  /** Of the values, without keys and the room pages leave free. */
  readonly bytes: number;
}

export type Request =
  | { readonly type: 'start'; readonly options: Readonly<Record<string, string | boolean>>; readonly everyMs: number }
  /** Lets the idle leave memory, collects garbage, then answers with a sample and how many actors are live. Needs --expose-gc. */
  | { readonly type: 'settle' }
  /** Answers with what is in the store, table by table; the server stands still meanwhile. */
  | { readonly type: 'weigh' }
  /** Tells of each drift that reaches a region, from now on. */
  | { readonly type: 'watch' }
  /** Answers with what the log has since the start. */
  | { readonly type: 'audit' }
  | { readonly type: 'stop' };

export type Reply =
  | { readonly type: 'ready'; readonly url: string }
  | { readonly type: 'sample'; readonly sample: Sample }
  | { readonly type: 'settled'; readonly sample: Sample; readonly live: number }
  | { readonly type: 'weighed'; readonly tables: readonly TableWeight[] }
  | { readonly type: 'seen'; readonly seen: Seen }
  | { readonly type: 'audited'; readonly tally: Tally }
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

function look(runtime: RunningServer['runtime']): Sample {
  const { user, system } = process.cpuUsage();
  // The histogram counts from one tick to the next, so an idle loop shows the resolution itself.
  const above = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) || 0;
  const { rss, heapUsed, external } = process.memoryUsage();
  const sample = {
    at: Date.now(),
    rssBytes: rss,
    heapBytes: heapUsed + external,
    anonymousBytes: anonymousBytes(),
    cpuMs: (user + system) / 1_000,
    loopP99Ms: above(delay.percentile(99)),
    loopMaxMs: above(delay.max),
    live: runtime.system.inspect().live,
    sessions: runtime.system.count('session'),
    storeBytes: runtime.store.sizeBytes(),
    logRecords: runtime.store.count('log'),
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
  const sample = look(runtime);
  tell({ type: 'settled', sample, live: sample.live });
}

function weigh({ store }: RunningServer['runtime']): TableWeight[] {
  return TABLES.map((table) => {
    let [rows, bytes] = [0, 0];
    for (const { value } of store.range(table, { prefix: [] })) {
      rows++;
      bytes += value.length;
    }
    return { table, rows, bytes };
  });
}

async function begin({ options, everyMs }: Extract<Request, { type: 'start' }>): Promise<void> {
  const server = await startServer(loadConfig(options, {}), SILENT);
  delay.enable();
  if (everyMs > 0) setInterval(() => tell({ type: 'sample', sample: look(server.runtime) }), everyMs).unref();
  const audit = createAudit(server.runtime);
  process.on('message', (request: Request) => {
    if (request.type === 'settle') void settle(server);
    if (request.type === 'weigh') tell({ type: 'weighed', tables: weigh(server.runtime) });
    if (request.type === 'watch') void watchRegions(server.runtime, (seen) => tell({ type: 'seen', seen }));
    if (request.type === 'audit') void audit().then((tally) => tell({ type: 'audited', tally }));
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
