import { describe, expect, it } from 'vitest';
import type { FullReport } from '../../bench/index.ts';
import { PUBLISHED } from '../../bench/load/published.ts';
import { type LoadRun, latencyOf } from '../../bench/load/run.ts';
import { linearAxis, logAxis, marksAxis, percentileAxis, short } from '../../bench/report/axis.ts';
import { htmlReport } from '../../bench/report/html.ts';

const run = (users: number, workload: LoadRun['workload']): LoadRun => ({
  shape: String(users),
  workload,
  users,
  thinkMs: 0,
  seconds: 2,
  scale: 0.1,
  turns: 20,
  turnsPerSecond: 10,
  turnsAtPeak: 12,
  turnsPerSecondAtPeak: 12,
  latency: { create: latencyOf([1]), run: latencyOf(Array.from({ length: 500 }, (_, i) => i / 10)) },
  requests: 520,
  errors: { '503': 1, ECONNRESET: 2 },
  bytes: 1_000,
  server: { rssPeakBytes: 1e8, cpuPercent: 50, cpuPeakPercent: 90 },
  timeline: [0.5, 1.5].map((second) => ({
    second,
    users,
    turnsPerSecond: 10,
    p50Ms: second > 1 ? null : 3,
    p99Ms: second > 1 ? null : 9,
    rssBytes: 1e8,
    cpuPercent: 50,
    loopMs: 0,
  })),
  published: PUBLISHED[String(users)] ?? null,
  echoPerSecond: 100,
});

const REPORT: FullReport = {
  at: '2026-01-02T03:04:05.000Z',
  environment: { machine: '2 × <b>"CPU"</b> & more' },
  rounds: 3,
  seconds: 2,
  measurements: [
    { benchmark: 'http', case: 'run + store', n: 5, unit: 'req/s', values: [100], range: [90, 110], ofBaseline: 0.5 },
    { benchmark: 'http', case: 'baseline: echo', n: 5, unit: 'req/s', values: [200] },
    { benchmark: 'load', case: '30 users', n: 5, unit: 'turns/s', values: [10], reference: '62.4' },
  ],
  notes: ["<script>alert('x')</script>"],
  runs: [run(30, 'empty'), run(200, 'empty'), run(200, 'populated')],
  soak: null,
};

const EMPTY: FullReport = { ...REPORT, measurements: [], notes: [], runs: [] };
const BARE: FullReport = {
  ...EMPTY,
  runs: [{ ...run(60, 'empty'), latency: {}, timeline: [], server: null, published: null, echoPerSecond: null }],
};

/** Elements without an end. */
const VOID = /^(meta|!doctype|br)$/;

/** Names every element that is not closed, or closed out of turn. */
function unclosed(html: string): string[] {
  const open: string[] = [];
  for (const [, end, name, empty] of html.matchAll(/<(\/?)([a-z!][a-z0-9]*)(?:\s+[\w-]+(?:="[^"<>]*")?)*\s*(\/?)>/g)) {
    if (end) {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (!empty && !VOID.test(name!)) open.push(name!);
  }
  return open;
}

describe('the HTML report', () => {
  it.each([
    ['of all', REPORT],
    ['of nothing', EMPTY],
    ['of a run that found nothing', BARE],
  ])('%s is well-formed and has no number that is none', (_, report) => {
    const html = htmlReport(report);
    expect(unclosed(html)).toEqual([]);
    // What is no tag is text, and text has no angle brackets.
    const text = html.replace(/<style>.*?<\/style>/s, '').replace(/<[^<>]*>/g, '');
    expect(text).not.toMatch(/[<>]/);
    expect(html).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  it('needs nothing else: no script, no link, no address', () => {
    const html = htmlReport(REPORT);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|src=|href=|url\(|@import|https?:|\/\//);
    expect(html).toContain('&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;');
    expect(html).toContain('2 × &lt;b&gt;&quot;CPU&quot;&lt;/b&gt; &amp; more');
    expect(html).toContain('prefers-color-scheme: dark');
  });

  it('plots each run, and all of them over the number of users', () => {
    const count = (html: string) => html.match(/<svg /g)?.length ?? 0;
    // Two over users, six of each run, one of http.
    expect(count(htmlReport(REPORT))).toBe(2 + 3 * 6 + 1);
    expect(count(htmlReport(EMPTY))).toBe(0);
  });
});

describe('an axis', () => {
  it('is marked at round numbers', () => {
    const labels = (axis: { ticks: readonly { label: string }[] }) => axis.ticks.map(({ label }) => label);
    expect(labels(linearAxis(93))).toEqual(['0', '20', '40', '60', '80', '100']);
    expect(labels(linearAxis(0))).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1']);
    expect(labels(logAxis(3, 40))).toEqual(['2', '5', '10', '20', '50']);
    expect(labels(logAxis(3, 4_000))).toEqual(['10', '100', '1,000']);
    expect(labels(percentileAxis(99.9))).toEqual(['0%', '50%', '90%', '99%', '99.9%']);
    expect(['0.05', '1.2', '150', '12k', '3.4M']).toEqual([0.05, 1.2, 150, 12_345, 3_400_000].map(short));
  });

  it('puts each value in its place', () => {
    expect(linearAxis(93).place(25)).toBe(0.25);
    expect(logAxis(1, 100).place(10)).toBeCloseTo(0.5, 12);
    expect(logAxis(1, 100).place(0)).toBe(0);
    // 90 % is one decade of what is left to 100 %, 99.9 % three.
    expect(percentileAxis(99.9).place(90)).toBeCloseTo(1 / 3, 12);
    expect(marksAxis([30]).place(30)).toBe(0.5);
    expect(marksAxis([10, 100, 1_000]).place(100)).toBeCloseTo(0.5, 12);
  });
});
