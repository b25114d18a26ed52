/** Drives a session's chart without a runtime: pure transitions, effects collected as data. */
import { initialTransition, type SnapshotFrom, transition } from 'xstate';
import type { PublishParams } from '../../actors/effects.ts';
import type { SessionInput } from '../../actors/kinds/session/create.ts';
import type { CommandName, Payload, SessionEvent } from '../../actors/kinds/session/events.ts';
import type { SessionContext } from '../../actors/kinds/session/model.ts';
import type { Failure, Outcomes } from '../../actors/kinds/session/outcomes.ts';
import { machine } from '../../actors/kinds/session.ts';

export const START = 1_700_000_000_000;
export const MINUTE = 60_000;

export const v = (...numbers: number[]): Float32Array => Float32Array.from(numbers);

/** The same vector, turned by an angle in degrees in the plane of the first two axes. */
export const turned = (degrees: number): Float32Array =>
  v(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));

const defaults = {
  run: {
    message: 'question',
    embedding: v(1, 0),
    recalled: [],
    response: null,
    reset: false,
    timestamp: null,
    episode: null,
  },
  store: {
    response: 'answer',
    embedding: v(1, 0),
    pendingId: null,
    message: null,
    messageEmbedding: null,
    timestamp: null,
    episode: null,
  },
  'trigger.add': { trigger: { keyword: 'urgent', threshold: 0.8, weight: 1 } },
  'trigger.clear': {},
  'anchor.add': { embedding: v(1, 0) },
  isolate: { level: 'OPEN', exclusions: [], allowlist: [], threshold: 0.8 },
  release: {},
  'memory.inject': { embedding: v(1, 0), text: 'injected', tier: 'short_term', importance: 0.5, access: 0 },
  'entity.put': { key: 'PORT', kind: 'constant', value: '8080', context: null, importance: 1 },
  'entity.remove': { key: 'PORT' },
  'entity.touch': { keys: ['PORT'] },
  'vector.set': { state: Float64Array.of(1, 0) },
  'vector.blend': { vector: Float64Array.of(1, 0), share: 0.5 },
  'cluster.join': { cluster: 'c1' },
  'cluster.leave': { cluster: 'c1' },
} satisfies { [N in Exclude<CommandName, 'import'>]: Omit<Payload<N>, 'at'> };

export class Driven {
  snapshot: SnapshotFrom<typeof machine>;
  facts: PublishParams[] = [];
  at = START;

  constructor(input: Partial<SessionInput> = {}) {
    const whole: SessionInput = {
      id: 's1',
      config: { dimension: 2 },
      template: null,
      policies: [],
      at: START,
      ...input,
    };
    [this.snapshot] = initialTransition(machine, whole);
    // xstate does not throw what the first context threw: it hands it over inside the snapshot.
    if (this.snapshot.status === 'error') throw this.snapshot.error;
  }

  get context(): SessionContext {
    return this.snapshot.context;
  }

  can(type: CommandName, payload: object = {}): boolean {
    return this.snapshot.can(this.event(type, payload));
  }

  event(type: CommandName, payload: object): SessionEvent {
    const base = type === 'import' ? {} : defaults[type];
    return { ...base, at: this.at, ...payload, type } as SessionEvent;
  }

  /** Sends a command a second after the last one; returns its reply, whatever that is. */
  try(type: CommandName, payload: object = {}): unknown {
    this.at += 1_000;
    const [next, actions] = transition(machine, this.snapshot, this.event(type, payload));
    this.snapshot = next;
    this.facts = actions.filter((a) => a.type === 'publish').map((a) => a.params as unknown as PublishParams);
    const replies = actions.filter((a) => a.type === 'reply');
    if (replies.length !== 1) throw new Error(`${type} was answered ${replies.length} times`);
    return replies[0]!.params;
  }

  /** Sends a command that must succeed. */
  send<N extends CommandName>(type: N, payload: Partial<Payload<N>> = {}): Outcomes[N] {
    const outcome = this.try(type, payload) as Outcomes[N] | Failure;
    if ('error' in outcome) throw new Error(`${type} failed: ${outcome.error.message}`);
    return outcome;
  }

  /** Sends a command that must fail. */
  fail(type: CommandName, payload: object = {}): Failure['error'] {
    const outcome = this.try(type, payload) as Failure;
    if (!('error' in outcome)) throw new Error(`${type} did not fail`);
    return outcome.error;
  }

  /** A question and its answer, both in one direction. */
  exchange(message: string, response: string, embedding: Float32Array): Outcomes['store'] {
    const { pendingId } = this.send('run', { message, embedding });
    return this.send('store', { response, embedding, pendingId });
  }
}
