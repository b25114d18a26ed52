/**
 * A network of agents in one process: each agent is a session, all of them are members of one cluster, and what they are
 * together flows back into each of them. A few names over `synod.cluster` and `synod.session`.
 */
import { AppError } from '../../actors/errors.ts';
import type { SessionContext } from '../../actors/kinds/session/model.ts';
import { blend, norm, unit } from '../../workers/vector.ts';
import type { Call } from '../calls.ts';
import type { RunResult, Session, StoreResult } from '../session.ts';
import { type Cluster, type ClusterSettings, openCluster } from './cluster.ts';

export interface NetworkSettings {
  /** Of the network, and of the cluster behind it: the same name finds it again. */
  readonly name: string;
  /** Default `weighted_average`. */
  readonly aggregation?: ClusterSettings['aggregation_mode'];
  /** How far feedback moves an agent towards all of them, [0, 1]. Default 0.3. */
  readonly feedbackStrength?: number;
}

/** What came of one text. */
export interface Processed extends StoreResult {
  /** What the agent knew of it before, with its drift; null for a text without an answer, which is not asked about. */
  readonly recalled: RunResult | null;
}

export interface Agent {
  readonly id: string;
  /** Its memory, with everything a session can do. */
  readonly session: Session;
  /**
   * Takes a text in. With an answer it is a turn: the text is looked up and measured for drift, then both are learned.
   *
   * @example
   * const { recalled } = await agent.processInput('Which pump?', 'A peristaltic one.');
   */
  processInput(text: string, answer?: string): Promise<Processed>;
  /** Where feedback would move it: unit((1 − strength)·own + strength·aggregate); null while either has no direction. */
  feedback(): Promise<Float64Array | null>;
}

export interface NetworkState {
  /**
   * Mean cosine of any two agents that have a vector, [-1, 1]: 1 when all are of one mind. 1 for one agent, 0 for none.
   */
  readonly coherence: number;
  /** Unit length; zeros while no agent has a vector. */
  readonly aggregate: readonly number[];
  /** By id. */
  readonly agents: readonly {
    readonly id: string;
    /** Stored turns. */
    readonly turns: number;
    /** Share in the aggregate, [0, 1]. */
    readonly weight: number;
    /** Cosine to the aggregate; null while the agent has no vector. */
    readonly alignment: number | null;
  }[];
}

export interface AgentNetwork {
  readonly cluster: Cluster;
  /** Gets or makes an agent. @throws AppError CONFLICT when the session belongs to another cluster */
  agent(id: string): Promise<Agent>;
  /** Lets an agent go; its session stays. @returns false when there was none */
  drop(id: string): Promise<boolean>;
  state(): Promise<NetworkState>;
  /** Moves every agent towards all of them, each exactly once. @returns how many moved */
  feedback(): Promise<number>;
}

/** What the network needs of a system. */
export interface Sessions {
  readonly call: Call;
  session(id: string): Promise<Session>;
  /** A session's vector as of its last durable turn; null while it has none. */
  vectorOf(id: string): Promise<Float64Array | null>;
}

const STRENGTH = 0.3;

/**
 * Gets or makes the network of that name.
 *
 * @throws AppError CONFLICT when the one there is has other settings
 */
export async function openAgents(system: Sessions, settings: NetworkSettings): Promise<AgentNetwork> {
  const cluster = await find(system.call, {
    name: settings.name,
    aggregation_mode: settings.aggregation ?? 'weighted_average',
    coupling_factor: settings.feedbackStrength ?? STRENGTH,
  });
  const strength = settings.feedbackStrength ?? STRENGTH;
  return {
    cluster,
    agent: async (id) => {
      const session = await system.session(id);
      await cluster.add(session);
      return agentOf(system, cluster, session, strength);
    },
    drop: (id) => cluster.drop(id),
    state: () => stateOf(system, cluster),
    feedback: () => cluster.feedback(),
  };
}

interface Listed extends Required<ClusterSettings> {
  readonly id: string;
}

async function find(call: Call, wanted: Required<ClusterSettings>): Promise<Cluster> {
  let after: string | undefined;
  for (;;) {
    const page: readonly Listed[] = await call('cluster.list', { query: { after } });
    const found = page.find(({ name }) => name === wanted.name);
    if (found) {
      const { aggregation_mode, coupling_factor } = found;
      if (aggregation_mode === wanted.aggregation_mode && coupling_factor === wanted.coupling_factor) {
        return openCluster(call, found.id);
      }
      const is = `${aggregation_mode}, strength ${coupling_factor}`;
      throw new AppError('CONFLICT', `the network "${wanted.name}" is there with other settings: ${is}`);
    }
    after = page.at(-1)?.id;
    if (after === undefined) return openCluster(call, wanted);
  }
}

function agentOf(system: Sessions, cluster: Cluster, session: Session, strength: number): Agent {
  return {
    id: session.id,
    session,
    processInput: async (text, answer) => {
      const recalled = answer === undefined ? null : await session.run(text);
      const learned = await (answer === undefined ? session.store(text) : session.store(answer, { message: text }));
      return { ...learned, recalled };
    },
    feedback: async () => {
      const own = await system.vectorOf(session.id);
      const { aggregate_vector } = await cluster.state();
      const aggregate = Float64Array.from(aggregate_vector);
      if (own === null || norm(aggregate) === 0) return null;
      const moved = blend(unit(own), aggregate, strength);
      return norm(moved) === 0 ? null : moved;
    },
  };
}

async function stateOf(system: Sessions, cluster: Cluster): Promise<NetworkState> {
  const { members, aggregate_vector: aggregate } = await cluster.state();
  const vectors = await Promise.all(members.map(({ session_id: id }) => system.vectorOf(id)));
  const directions = vectors.map((vector) => (vector === null ? null : unit(vector)));
  return {
    coherence: coherenceOf(directions.filter((direction) => direction !== null)),
    aggregate,
    agents: members.map(({ session_id, interaction_count, weight }, i) => ({
      id: session_id,
      turns: interaction_count,
      weight,
      alignment: directions[i]?.reduce((sum, x, at) => sum + x * aggregate[at]!, 0) ?? null,
    })),
  };
}

/** Σ of all pairs of unit vectors without looking at pairs: ‖Σu‖² = n + Σ_{i≠j} u_i·u_j. */
function coherenceOf(directions: readonly Float64Array[]): number {
  const n = directions.length;
  if (n < 2) return n;
  const sum = new Float64Array(directions[0]!.length);
  for (const direction of directions) for (let i = 0; i < sum.length; i++) sum[i]! += direction[i]!;
  const square = sum.reduce((total, x) => total + x * x, 0);
  return Math.max(-1, Math.min(1, (square - n) / (n * (n - 1))));
}

/** @returns null for a session that is not there, or has learned nothing */
export function vectorIn(context: unknown): Float64Array | null {
  const { initialised, state } = (context ?? {}) as Partial<SessionContext>;
  return initialised && state ? state : null;
}
