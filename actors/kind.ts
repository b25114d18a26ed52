/**
 * What a sort of entity is: its statechart, its commands and how its snapshots grow older.
 *
 * A kind of the house is made with {@link defineKind} in `actors/kinds/` and listed in `KINDS` of `actors/kinds/index.ts`.
 * An application gives its machine, or its kind, to `createSynod({ machines })` instead.
 */
import type { AnyStateMachine } from 'xstate';
import type { z } from 'zod';
import type { SendParams } from './effects.ts';

/** Kind in the address of messages the runtime itself sends. No actor has it. */
export const RUNTIME_KIND = 'synod';

export interface Command {
  readonly summary: string;
  /** Shape of the event beside `type`. The runtime does not check it: whoever lets an event in from outside does. */
  readonly schema?: z.ZodType;
}

export interface Kind<TMachine extends AnyStateMachine = AnyStateMachine> {
  /** Singular, lower case: `session`. Part of every address, so it never changes. */
  readonly name: string;
  /** Version of the snapshot's shape, from 1. Raise it together with a migration. */
  readonly version: number;
  readonly machine: TMachine;
  /** What the kind takes from outside, by event type. */
  readonly commands: Readonly<Record<string, Command>>;
  /**
   * Pure `v → v+1` steps over the persisted state, keyed by the version they start from. Events after the stored
   * snapshot are folded by the new machine, so it must still take the events of the versions before it.
   */
  readonly migrations?: Readonly<Record<number, (state: PersistedState) => PersistedState>>;
  /**
   * Lays a context read from the store out in memory as the kind likes to have it. The values stay the same, and with
   * them everything durable.
   */
  readonly arrange?: (context: never) => unknown;
  /** Messages that go out with the commit that removes an actor, so that nobody goes on counting on it. */
  readonly farewell?: (context: never) => readonly SendParams[];
  /** One life that works: used by the documentation, the conformance suite and the golden files. */
  readonly example: { readonly input: unknown; readonly events: readonly { readonly type: string }[] };
  /** Whether the runtime ships it, or an application brought it. */
  readonly origin?: 'builtin' | 'application';
}

/** The durable part of a statechart's snapshot. Plain data and typed arrays only. */
export interface PersistedState {
  readonly value: unknown;
  readonly context: unknown;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly output?: unknown;
  readonly historyValue?: unknown;
}

/**
 * Checks a kind at start, where a mistake is cheap.
 *
 * @returns the kind as given
 * @throws TypeError for a name that cannot be, or a version without the migrations that lead to it
 */
export function defineKind<TMachine extends AnyStateMachine>(kind: Kind<TMachine>): Kind<TMachine> {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(kind.name)) throw new TypeError(`kind name "${kind.name}" is not kebab-case`);
  if (kind.name === RUNTIME_KIND) throw new TypeError(`kind name "${kind.name}" is the runtime's own`);
  if (!Number.isInteger(kind.version) || kind.version < 1) {
    throw new TypeError(`kind ${kind.name}: version ${kind.version} is not a whole number from 1`);
  }
  for (let v = 1; v < kind.version; v++) {
    if (!kind.migrations?.[v]) throw new TypeError(`kind ${kind.name}: no migration from version ${v} to ${v + 1}`);
  }
  return kind;
}
