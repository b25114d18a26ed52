/** The first state of a session, and the state after a reset. */
import { AppError } from '../../errors.ts';
import { FRESH_DRIFT, NO_DRIFT } from './drift.ts';
import { OPEN } from './isolation.ts';
import {
  DEFAULT_CAPACITIES,
  type Histories,
  type PolicyVector,
  type SessionConfig,
  type SessionContext,
  TIERS,
  type TurnMetrics,
} from './model.ts';
import { FIRST_FSM, RATE } from './update.ts';
import { takeState, takeVector } from './vectors.ts';

export interface SessionInput {
  readonly id: string;
  readonly config: Partial<SessionConfig>;
  /** Pre-initialises the state; null for a session that starts empty. */
  readonly template: Float32Array | null;
  readonly policies: readonly PolicyVector[];
  /** Unix ms. */
  readonly at: number;
  /** The cluster whose own session this is. */
  readonly cluster?: string;
  /** The active user of the tenant; absent: it is nobody's in particular. */
  readonly user?: string;
}

export const MAX_DIMENSION = 65_536;
/** Memories of one tier: a store passes over all of them. */
export const MAX_CAPACITY = 5_000;
export const MAX_POLICIES = 64;

export const DEFAULT_CONFIG: SessionConfig = {
  dimension: 384,
  embedder: 'hash',
  model_name: 'all-MiniLM-L6-v2',
  use_attention: false,
  use_cache: false,
  use_cortex: false,
  enable_topic_switch: true,
  memory: DEFAULT_CAPACITIES,
};

const NO_HISTORIES: Histories = { beta: [], similarity: [], fsm: [], norm: [], phase: [] };

const noMetrics = (norm: 0 | 1): TurnMetrics => ({
  similarity: 0,
  beta: 1 - RATE,
  pattern_strength: 0,
  norm,
  fsm: FIRST_FSM,
  phase: 'initialization',
  topic_switch: 0,
  novelty_score: 0,
});

function requireWhole(value: number, least: number, most: number, what: string): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new AppError('INVALID', `${what} is ${value}, wanted a whole number from ${least} to ${most}`);
  }
}

function takePolicies(policies: readonly PolicyVector[], dimension: number): readonly PolicyVector[] {
  if (policies.length > MAX_POLICIES) {
    throw new AppError('INVALID', `${policies.length} policy vectors, at most ${MAX_POLICIES} are allowed`);
  }
  return policies.map(({ embedding, weight, promote }, i) => {
    if (!(weight >= 0.01 && weight <= 100)) {
      throw new AppError('INVALID', `policy vector ${i} has weight ${weight}, wanted 0.01 to 100`);
    }
    return { embedding: takeVector(embedding, dimension, `policy vector ${i}`), weight, promote };
  });
}

/**
 * @throws AppError INVALID when the template or a policy does not fit the dimension, or a number is out of its range
 */
export function createSession(input: SessionInput): SessionContext {
  const config: SessionConfig = { ...DEFAULT_CONFIG, ...input.config };
  const { dimension } = config;
  requireWhole(dimension, 1, MAX_DIMENSION, 'the dimension');
  for (const tier of TIERS) requireWhole(config.memory[tier], 1, MAX_CAPACITY, `the capacity of ${tier}`);
  const state =
    input.template === null ? new Float64Array(dimension) : takeState(input.template, dimension, 'the template');
  const initialised = state.some((x) => x !== 0);
  return {
    id: input.id,
    config,
    state,
    initialised,
    turns: 0,
    memories: [],
    nextSeq: 1,
    metrics: noMetrics(initialised ? 1 : 0),
    histories: NO_HISTORIES,
    drift: NO_DRIFT,
    driftState: FRESH_DRIFT,
    pending: null,
    nextPending: 1,
    triggers: [],
    anchors: [],
    realignmentRemaining: 0,
    policies: takePolicies(input.policies, dimension),
    isolation: OPEN,
    quarantine: [],
    entities: [],
    nextEntitySeq: 1,
    episode: 0,
    episodeLabel: null,
    lastAt: null,
    createdAt: input.at,
    cluster: input.cluster ?? null,
    user: input.user ?? null,
    outcome: null,
  };
}

/**
 * Forgets what was said: memories, state, turns, histories, drift, episodes, the pending message, the quarantine buffer
 * and a realignment under way. What was set up stays: id, config, policies, triggers, anchors, isolation and the literal
 * cache. A template is not applied again: a reset session is empty. The counters behind hashes and pending ids go on, so
 * that no name ever means two things.
 */
export function wipe(context: SessionContext): SessionContext {
  return {
    ...context,
    state: new Float64Array(context.config.dimension),
    initialised: false,
    turns: 0,
    memories: [],
    metrics: noMetrics(0),
    histories: NO_HISTORIES,
    drift: NO_DRIFT,
    driftState: FRESH_DRIFT,
    pending: null,
    realignmentRemaining: 0,
    quarantine: [],
    episode: 0,
    episodeLabel: null,
    lastAt: null,
  };
}
