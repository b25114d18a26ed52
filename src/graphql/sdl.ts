/** The schema as a text, which the documentation shows too; it needs no library. */

/** Events of a list unless the client says otherwise, and at most. */
export const DEFAULT_EVENTS = 100;
export const MAX_EVENTS = 1_000;
/** Signals of a list: whoever wants more asks scope by scope, or REST. */
export const MAX_SIGNALS = 1_000;

export const SDL = `"""Any JSON value."""
scalar JSON

"""ISO 8601 in UTC with milliseconds."""
scalar DateTime

enum EventType {
  proposal
  ready
  test
  reward
  penalty
}

type Event {
  id: ID!
  type: EventType!
  scope: String!
  trace_id: String!
  agent_id: String!
  parent_ids: [String!]!
  timestamp: DateTime!
  payload: JSON!
}

"""What an agent posts; id and timestamp are the server's."""
input EventInput {
  type: EventType!
  scope: String!
  trace_id: String!
  agent_id: String!
  parent_ids: [String!]
  payload: JSON!
}

type Signal {
  id: ID!
  scope: String!
  pattern: String!
  """As of now, from 0.01 to 1. In a subscription: as of the change, 0 when the signal is gone."""
  strength: Float!
  """The last event that changed it."""
  last_updated: DateTime!
  alpha: Float!
  """Share of the strength that is left after one interval."""
  lambda: Float!
}

type Query {
  """Newest first, at most ${MAX_EVENTS}. scope: exact, or a glob such as ui.* or user-*; trace_id: exact."""
  events(limit: Int = ${DEFAULT_EVENTS}, scope: String, trace_id: String): [Event!]!
  event(id: ID!): Event
  """Those that live, strongest first, at most ${MAX_SIGNALS}. scope: exact, or a glob such as ui.* or user-*"""
  signals(scope: String, min_strength: Float): [Signal!]!
  signal(scope: String!, pattern: String!): Signal
}

type Mutation {
  """The event and what it does to signals are one commit: both are on the disk when this answers."""
  createEvent(input: EventInput!): Event!
}

type Subscription {
  """Every event from now on. scope: exact, or a glob such as ui.* or user-*"""
  eventCreated(scope: String): Event!
  """Every change of a signal from now on. scope: exact, or a glob such as ui.* or user-*"""
  signalChanged(scope: String): Signal!
}
`;
