/** What a worker thread does with a task: runs the kernel, and says how it went in a form that can be posted. */
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { cancellable } from '../../workers/cancellation.ts';
import type { Outcome, Task } from './wire.ts';

/** Kernels by name. */
export type KernelTable = Readonly<Record<string, (...args: never[]) => unknown>>;

/** @returns the function a worker thread's file exports by default */
export function handlerFor(kernels: KernelTable): (task: Task) => unknown {
  return ({ kernel, args, cancel }) => {
    try {
      const value = cancellable(cancel, () => kernels[kernel]!(...(args as never[])));
      return move({ [transferableSymbol]: ownBuffers(value), [valueSymbol]: { ok: true, value } satisfies Outcome });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      return { ok: false, name, message } satisfies Outcome;
    }
  };
}

/** Buffers that a result has to itself go over without a copy. A view of a part leaves the rest behind, so it is copied. */
function ownBuffers(value: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const look = (part: unknown, depth: number) => {
    if (ArrayBuffer.isView(part)) {
      const { buffer } = part;
      if (buffer instanceof ArrayBuffer && buffer.byteLength === part.byteLength) buffers.add(buffer);
    } else if (typeof part === 'object' && part !== null && depth > 0) {
      for (const inner of Object.values(part)) look(inner, depth - 1);
    }
  };
  look(value, 2);
  return [...buffers];
}
