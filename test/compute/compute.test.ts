/** The compute port: where kernels run, and that it makes no difference. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Compute, KernelArgs } from '../../actors/compute.ts';
import { createSlab } from '../../actors/compute.ts';
import { SystemClock } from '../../src/clock.ts';
import { createCompute } from '../../src/compute/index.ts';
import { createRuntime } from '../../src/runtime.ts';
import { loadConfig } from '../../src/settings.ts';
import { KERNELS, type KernelName } from '../../workers/index.ts';
import { normals, uniform } from '../workers/noise.ts';

const SETTINGS = { threads: 1, threshold: 65_536, queue: 256, deadlineMs: 60_000, clock: new SystemClock() };

interface Shape {
  readonly n: number;
  readonly d: number;
}

type Example<K extends KernelName> = (shape: Shape, vector: (length: number) => Float64Array) => KernelArgs<K>;

const narrow = (vector: Float64Array) => Float32Array.from(vector);
const weightsOf = (vector: Float64Array) => vector.map(Math.abs);

/** Arguments for every kernel there is: a new one must be added here, or this does not compile. */
const EXAMPLES: { readonly [K in KernelName]: Example<K> } = {
  approvals: ({ n, d }, v) => [v(n * d), v(d)],
  attentionMean: ({ n, d }, v) => [narrow(v(n * d)), d, v(d)],
  blend: ({ d }, v) => [v(d), v(d), 0.25],
  blendRows: ({ n, d }, v) => [v(n * d), v(d), 0.3],
  cappedShares: ({ n }, v) => [weightsOf(v(n)), 0.3],
  cosine: ({ d }, v) => [v(d), narrow(v(d))],
  cosines: ({ n, d }, v) => [narrow(v(n * d)), v(d)],
  dot: ({ d }, v) => [v(d), v(d)],
  geometricMedian: ({ n, d }, v) => [narrow(v(n * d)), d, { weights: weightsOf(v(n)) }],
  maxCosine: ({ n, d }, v) => [v(n * d), v(d)],
  meanPairwiseCosine: ({ n, d }, v) => [v(n * d), d],
  nearest: ({ n, d }, v) => [narrow(v(n * d)), v(d), 3],
  nearestMany: ({ n, d }, v) => [v(n * d), v(2 * d), d, 3],
  norm: ({ d }, v) => [v(d)],
  tallyVotes: ({ n }, v) => [Uint8Array.from(v(n), (x) => (x > 0 ? 1 : 0)), weightsOf(v(n)), 'weighted_vote'],
  topK: ({ n }, v) => [v(n), 2],
  trimmedMean: ({ n, d }, v) => [v(n * d), d, 0.2],
  unit: ({ d }, v) => [v(d)],
  unitCosines: ({ n, d }, v) => [Array.from({ length: n }, () => narrow(v(d))), v(d)],
  unitSlabCosines: ({ n, d }, v) => [narrow(v(n * d)), v(d)],
  weightedMean: ({ n, d }, v) => [narrow(v(n * d)), d, weightsOf(v(n))],
};

describe('compute', () => {
  const compute = createCompute(SETTINGS);
  afterAll(() => compute.close());

  it.each(Object.keys(KERNELS) as KernelName[])(
    '%s gives the same bits inline and on a worker thread',
    async (kernel) => {
      const shapes = fc.record({
        n: fc.integer({ min: 0, max: 12 }),
        d: fc.integer({ min: 1, max: 40 }),
        seed: fc.integer(),
      });
      await fc.assert(
        fc.asyncProperty(shapes, fc.boolean(), async ({ n, d, seed }, odd) => {
          const random = uniform(seed);
          const vector = (length: number) => {
            const numbers = normals(length, random);
            if (odd && length > d) numbers[Math.floor(random() * length)] = random() < 0.5 ? Number.NaN : 0;
            return numbers;
          };
          const args = (EXAMPLES[kernel] as Example<KernelName>)({ n, d }, vector) as KernelArgs<typeof kernel>;
          const run = (where: 'inline' | 'pool') =>
            compute.run(kernel, args, { where }).then(
              (value) => ({ value }),
              (error: Error) => ({ error: error.message, kind: error.constructor.name }),
            );
          expect(await run('pool')).toEqual(await run('inline'));
        }),
        { numRuns: 25 },
      );
    },
  );

  it('runs small calls inline and large ones on a worker thread', async () => {
    const before = compute.inspect();
    await compute.run('cosines', [createSlab(10, 384), new Float32Array(384)]);
    await compute.run('cosines', [createSlab(200, 384), new Float32Array(384)]);
    // A median goes over its rows many times.
    await compute.run('geometricMedian', [createSlab(10, 384), 384]);
    const { inline, pooled } = compute.inspect();
    expect([inline - before.inline, pooled - before.pooled]).toEqual([1, 2]);
  });

  it('knows its kernels', async () => {
    for (const name of ['nope', 'toString', '__proto__']) {
      await expect(compute.run(name as 'norm', [new Float32Array(1)])).rejects.toBeInstanceOf(TypeError);
    }
  });

  it('leaves the event loop to others while a large task runs', async () => {
    const rows = createSlab(20_000, 384);
    const noise = Float32Array.from(normals(389 * 384, uniform(1)));
    for (let at = 0; at < rows.length; at += noise.length) rows.set(noise.subarray(0, rows.length - at), at);
    // Sorts 384 columns of 20,000 numbers.
    const task = (where: 'inline' | 'pool') => compute.run('trimmedMean', [rows, 384, 0.1], { where });
    await compute.run('norm', [rows.subarray(0, 1)], { where: 'pool' });
    const begun = performance.now();
    const inline = await task('inline');
    const inlineMs = performance.now() - begun;
    let worstMs = 0;
    let last = performance.now();
    let running = true;
    const watch = (): void => {
      const now = performance.now();
      worstMs = Math.max(worstMs, now - last);
      last = now;
      if (running) setImmediate(watch);
    };
    const pooled = task('pool').finally(() => {
      running = false;
    });
    watch();
    expect(await pooled).toEqual(inline);
    expect(worstMs).toBeLessThan(inlineMs / 4);
  });

  it('starts again after its end as a new one', async () => {
    const first = createCompute(SETTINGS);
    expect(await first.run('norm', [Float32Array.of(3, 4)], { where: 'pool' })).toBe(5);
    await first.close();
    for (const where of ['inline', 'pool'] as const) {
      await expect(first.run('norm', [Float32Array.of(3, 4)], { where })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      });
    }
    const second = createCompute(SETTINGS);
    expect(await second.run('norm', [Float32Array.of(3, 4)], { where: 'pool' })).toBe(5);
    await second.close();
  });
});

describe('the runtime', () => {
  const logger = { warn: () => {}, error: () => {} };
  const open = () => createRuntime({ config: loadConfig({ data: ':memory:', 'compute-threshold': '4' }, {}), logger });
  const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;

  it('computes, shows it in its figures, and ends its threads with itself', async () => {
    const runtime = await open();
    const compute: Compute = runtime.services.compute;
    expect(await compute.run('norm', [Float32Array.of(3)])).toBe(3);
    expect(await compute.run('norm', [Float32Array.of(3, 4, 0, 0)])).toBe(5);
    const text = await runtime.metrics.text();
    expect(text).toContain('synod_compute_tasks{where="inline"} 1');
    expect(text).toContain('synod_compute_tasks{where="pool"} 1');
    expect(text).toContain('synod_compute_crashes 0');
    expect(runtime.services.checks()).toMatchObject({ compute: 'ok' });
    await runtime.close();
    await expect(compute.run('norm', [Float32Array.of(3)])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('starts no thread before something needs one', async () => {
    const before = threads();
    const runtime = await open();
    expect(threads()).toBe(before);
    await runtime.close();
  });
});
