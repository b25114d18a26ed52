/** Kernels on the calling thread, and what they would cost there. */
import { KERNELS, type KernelName, PASSES } from '../../workers/index.ts';

/** @throws TypeError for a kernel there is not */
export function requireKernel(name: string): asserts name is KernelName {
  if (!Object.hasOwn(KERNELS, name)) throw new TypeError(`there is no kernel "${name}"`);
}

export function runInline(kernel: KernelName, args: readonly unknown[]): unknown {
  return (KERNELS[kernel] as (...given: readonly unknown[]) => unknown)(...args);
}

/** Numbers a kernel reads, as often as it reads them. */
export function costOf(kernel: KernelName, args: readonly unknown[]): number {
  return numbersIn(args, 2) * (PASSES[kernel] ?? 1);
}

function numbersIn(value: unknown, depth: number): number {
  if (ArrayBuffer.isView(value)) return (value as Float32Array).length;
  if (!Array.isArray(value) || depth === 0) return 0;
  let count = 0;
  for (const part of value) count += numbersIn(part, depth - 1);
  return count;
}
