/** Promises a statechart invoked: run after the commit that asked for them, their outcome comes back as an event. */
import type { ActorEvent, Cell } from './cell.ts';
import { messageOf } from './errors.ts';
import { intake } from './plain.ts';
import type { World } from './world.ts';

/**
 * Starts a promise unless it already runs. After a restart it runs again: at least once is the rule.
 *
 * @param world what the promise may use
 * @param deliver takes the outcome as an event, its estimated bytes, and the revision that started the promise
 */
export function runInvocation(
  cell: Cell,
  id: string,
  world: World,
  deliver: (event: ActorEvent, bytes: number, revision: number) => void,
): void {
  const invocation = cell.invocations.get(id);
  if (!invocation || cell.running.get(id)?.revision === invocation.revision) return;
  const { revision } = invocation;
  const abort = new AbortController();
  cell.running.set(id, { revision, abort });
  const settle = (event: ActorEvent) => {
    const plain = intake(event);
    // Counts as running until a turn takes the outcome: a restart in between must not start it again.
    if (!abort.signal.aborted) deliver(plain.value, plain.bytes, revision);
  };
  const failed = (error: unknown) =>
    settle({
      type: `xstate.error.actor.${id}`,
      actorId: id,
      error: { name: error instanceof Error ? error.name : 'Error', message: messageOf(error) },
    });
  try {
    const run = cell.runtime.chart.promise(invocation.src);
    // Behind the settling, so that an output that is not plain data counts as a failure.
    Promise.resolve(run(invocation.input, abort.signal, world))
      .then((output) => settle({ type: `xstate.done.actor.${id}`, actorId: id, output: output ?? null }))
      .catch(failed);
  } catch (error) {
    failed(error);
  }
}
