/** What agents post in the benchmarks of events: three workloads, the same events in every run. */
import type { EventDraft } from '../../src/environment/event.ts';

export const WORKLOADS = ['reinforced', 'new', 'mixed'] as const;
export type Workload = (typeof WORKLOADS)[number];

/** Signals of `reinforced`. */
const PATTERNS = 100;
const SCOPES = 10;
/** Steps of a workflow of `mixed`. */
const STEPS = 7;

/** About 150 bytes of text: what an agent says of what it did. */
const NOTE =
  'harbour crane cargo manifest tide berth pilot tug ballast customs invoice delay fog signal lamp rope anchor chain ' +
  'winch deck hull keel mast sail';

/**
 * One event.
 *
 * @param agent its number
 * @param n so many it posted before
 * @param last id of the event it posted before; absent at first
 */
export function draftOf(workload: Workload, agent: number, n: number, last?: string): EventDraft {
  const agent_id = `agent-${agent}`;
  if (workload === 'mixed') return mixed(agent, n, last);
  if (workload === 'new') {
    const scope = `bench.${agent}.${Math.floor(n / 10)}`;
    return { type: 'proposal', scope, trace_id: `${scope}.t`, agent_id, payload: { action: `step-${n}`, note: NOTE } };
  }
  const signal = (agent * 37 + n * 11) % PATTERNS;
  return {
    type: n % 4 === 0 ? 'proposal' : 'reward',
    scope: `bench.area-${signal % SCOPES}`,
    trace_id: `trace-${agent}-${Math.floor(n / 20)}`,
    agent_id,
    payload: { action: `pattern-${signal}`, value: 0.001, note: NOTE },
  };
}

/** A workflow: what is proposed first is found again by its trace, then by a parent, then as the only one of its scope. */
function mixed(agent: number, n: number, last: string | undefined): EventDraft {
  const flow = Math.floor(n / STEPS);
  const scope = `flow.${agent}.${flow % 50}`;
  const common = { scope, trace_id: `trace-${agent}-${flow}`, agent_id: `agent-${agent}` };
  switch (n % STEPS) {
    case 0:
      return { ...common, type: 'proposal', payload: { action: 'build', note: NOTE } };
    case 1:
      return { ...common, type: 'ready', payload: { status: 'done', note: NOTE } };
    case 2:
      return { ...common, type: 'test', payload: { note: NOTE } };
    case 3:
      return { ...common, type: 'reward', payload: { value: 0.05, note: NOTE } };
    case 4:
      return { ...common, type: 'penalty', payload: { value: -0.02, note: NOTE } };
    case 5: {
      const parents = last === undefined ? {} : { parent_ids: [last] };
      return { ...common, type: 'reward', scope: `${scope}.review`, payload: { value: 0.05, note: NOTE }, ...parents };
    }
    default:
      return { ...common, type: 'reward', trace_id: `${common.trace_id}.2`, payload: { value: 0.01, note: NOTE } };
  }
}
