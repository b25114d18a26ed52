/** The crash points once more on a real disk: the process kills itself with SIGKILL around every commit there is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyChain } from '../../src/host/chain.ts';
import { openStore } from '../../src/store/index.ts';
import { type Child, runFixture } from '../store/fixtures/child.ts';
import { type Compiled, compile } from '../store/fixtures/compile.ts';
import { OUTCOME } from '../support/pair.ts';

/** Every so many-th point; 1, as in CI, for all. Not a multiple of 3, or a phase would be left out. */
const STRIDE = Number(process.env.SYNOD_CRASH_STRIDE ?? 4);
/** So many processes at once: they wait for disks and timers more than they compute. */
const LANES = 4;
/** How long after handing a commit over the kill comes: while lmdb's thread writes, mostly. */
const LATEST_US = 1_500;

let compiled: Compiled;
let root: string;
beforeAll(() => {
  compiled = compile('test/actors/fixtures/crash.ts');
  root = mkdtempSync(join(tmpdir(), 'synod-crash-'));
});
afterAll(() => {
  compiled.destroy();
  rmSync(root, { recursive: true, force: true });
});

interface Line {
  readonly commit?: number;
  readonly answer?: string;
  readonly reply?: unknown;
  readonly outcome?: unknown;
}

const linesOf = ({ lines }: Child) => lines.map((line) => JSON.parse(line) as Line);

/** @returns how it ended, and what it said */
async function run(data: string, at: readonly string[], known: object = {}) {
  const child = runFixture(compiled.module, [data, ...at, JSON.stringify(known)]);
  const ended = await child.ended;
  return { ended, lines: linesOf(child), errors: child.errors() };
}

const TO_THE_END = ['-1', '', '0'];

async function finish(data: string, known: object): Promise<void> {
  const { ended, lines, errors } = await run(data, TO_THE_END, known);
  expect([ended, errors]).toEqual([0, '']);
  expect(lines.at(-1)).toEqual({ outcome: OUTCOME, outbox: 0, timer: 0 });
  const store = await openStore({ data, readOnly: true });
  expect(verifyChain(store, 't1').faults).toEqual([]);
  await store.close();
}

it('lose nothing and do nothing twice when the process is killed before, at or after any commit', {
  timeout: 240_000,
}, async () => {
  const whole = await run(join(root, 'whole'), TO_THE_END);
  expect([whole.ended, whole.errors]).toEqual([0, '']);
  const commits = whole.lines.filter(({ commit }) => commit !== undefined).length;
  expect(commits).toBeGreaterThan(10);
  const all = Array.from({ length: commits }, (_, n) => n).flatMap((n) =>
    ['before', 'at', 'after'].map((phase) => [String(n), phase, String(Math.random() * LATEST_US)]),
  );
  const points = all.filter((_, n) => n % STRIDE === 0);
  const wanted = points.length;
  let killed = 0;
  const lane = async () => {
    for (let point = points.shift(); point; point = points.shift()) {
      const data = join(root, point.slice(0, 2).join('-'));
      const { ended, lines } = await run(data, point);
      // Which turns share a commit is a matter of time, so a run may have some commits less than the one counted.
      if (ended === 'SIGKILL') killed++;
      const known = Object.fromEntries(lines.flatMap(({ answer, reply }) => (answer ? [[answer, reply]] : [])));
      await finish(data, known);
      rmSync(data, { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(killed).toBeGreaterThan(0.6 * wanted);
});
