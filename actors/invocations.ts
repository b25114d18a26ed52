/** Promises a statechart invoked: run after the commit that asked for them, their outcome comes back as an event. */
import type { ActorEvent, Cell } from './cell.ts';
import { messageOf } from './errors.ts';
import { estimateBytes } from './size.ts';

/**
 * Starts a promise unless it already runs. After a restart it runs again: at least once is the rule.
 *
 * @param deliver takes the outcome as an event, its estimated bytes, and the revision that started the promise
 */
export function runInvocation(
  cell: Cell,
  id: string,
  deliver: (event: ActorEvent, bytes: number, revision: number) => void,
): void {
  const invocation = cell.invocations.get(id);
  if (!invocation || cell.running.get(id)?.revision === invocation.revision) return;
  const { revision } = invocation;
  const abort = new AbortController();
  cell.running.set(id, { revision, abort });
  const settle = (event: ActorEvent) => {
    if (cell.running.get(id)?.revision === revision) cell.running.delete(id);
    if (!abort.signal.aborted) deliver(event, estimateBytes(event), revision);
  };
  const failed = (error: unknown) =>
    settle({
      type: `xstate.error.actor.${id}`,
      actorId: id,
      error: { name: error instanceof Error ? error.name : 'Error', message: messageOf(error) },
    });
  try {
    const run = cell.runtime.chart.promise(invocation.src);
    Promise.resolve(run(invocation.input, abort.signal)).then(
      (output) => settle({ type: `xstate.done.actor.${id}`, actorId: id, output: output ?? null }),
      failed,
    );
  } catch (error) {
    failed(error);
  }
}
