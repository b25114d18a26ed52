/**
 * Users of one tenant, of whom one is active at a time. A session belongs to the user that was active when it was made
 * (`user`, set with its birth), and is reached while that user is active. Nothing is moved by a switch: sessions are on
 * the disk anyway, so a switch is one turn of this actor whatever the number of sessions, and whole or not at all.
 *
 * A tenant without this actor has never switched: its only user is {@link DEFAULT_USER}.
 */
import { setup } from 'xstate';
import { z } from 'zod';
import { effects } from '../effects.ts';
import { defineKind } from '../kind.ts';

/** The user everybody begins as; sessions made before the first switch are theirs. */
export const DEFAULT_USER = 'default';
/** The one partition actor of a tenant. */
export const PARTITION_ID = 'users';
/** Users one tenant can have. */
export const MAX_USERS = 10_000;

export interface PartitionContext {
  readonly id: string;
  readonly active: string;
  /** Everybody who was ever active, ascending. */
  readonly users: readonly string[];
  readonly switches: number;
  /** Unix ms. */
  readonly createdAt: number;
  /** What the last switch was answered. */
  readonly outcome: Switched | null;
}

export interface Switched {
  readonly active_user: string;
  readonly previous_user: string;
}

interface PartitionInput {
  readonly id: string;
  /** Unix ms. */
  readonly at: number;
}

type PartitionEvent = { readonly type: 'switch'; readonly at: number; readonly user: string };

/** At most 300 characters, as an id. */
const switchTo = z.object({ at: z.number(), user: z.string().min(1).max(300) });

/** @returns the sorted list with the user in it; the same one when it was */
function withUser(users: readonly string[], user: string): readonly string[] {
  let low = 0;
  for (let high = users.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if (users[middle]! < user) low = middle + 1;
    else high = middle;
  }
  return users[low] === user ? users : [...users.slice(0, low), user, ...users.slice(low)];
}

const chart = setup({
  types: {} as { context: PartitionContext; events: PartitionEvent; input: PartitionInput },
  actions: { ...effects },
});

const change = chart.enqueueActions(({ context, event, enqueue }) => {
  const { success } = switchTo.safeParse(event);
  const users = success ? withUser(context.users, event.user) : context.users;
  if (!success) {
    enqueue({ type: 'refuse', params: { code: 'INVALID', message: 'a user id has 1 to 300 characters' } });
  } else if (users.length > MAX_USERS) {
    const message = `there are ${context.users.length} users already, at most ${MAX_USERS} are kept`;
    enqueue({ type: 'refuse', params: { code: 'CONFLICT', message } });
  } else {
    const outcome: Switched = { active_user: event.user, previous_user: context.active };
    const changed = event.user !== context.active;
    enqueue.assign({ active: event.user, users, switches: context.switches + (changed ? 1 : 0), outcome });
    if (changed) enqueue({ type: 'publish', params: { type: 'user.switched', payload: outcome } });
    enqueue({ type: 'reply', params: outcome });
  }
});

export const machine = chart.createMachine({
  id: 'partition',
  context: ({ input }) => ({
    id: input.id,
    active: DEFAULT_USER,
    users: [DEFAULT_USER],
    switches: 0,
    createdAt: input.at,
    outcome: null,
  }),
  initial: 'open',
  states: { open: { on: { switch: { actions: change } } } },
});

const START = Date.UTC(2026, 0, 1);

const events: readonly PartitionEvent[] = [
  { type: 'switch', at: START + 1_000, user: 'user_42' },
  { type: 'switch', at: START + 2_000, user: DEFAULT_USER },
];

export const partition = defineKind({
  name: 'partition',
  version: 1,
  origin: 'builtin',
  machine,
  commands: {
    switch: { summary: 'Makes a user the active one; sessions of the others are set aside', schema: switchTo },
  },
  example: {
    input: { id: PARTITION_ID, at: START } satisfies PartitionInput,
    events,
  },
});
