/** An application's machines as kinds: checked, recorded with the data, and made known to the running system. */
import { defineKind, type Kind } from '../actors/kind.ts';
import { KINDS } from '../actors/kinds/index.ts';
import type { Machine } from './refs.ts';
import type { Runtime } from './runtime.ts';

/** A machine whose context changed its shape over time. */
export interface VersionedMachine {
  readonly machine: Machine;
  /** Version of the persisted shape, from 1. Raise it together with a migration. */
  readonly version: number;
  /** Pure `v → v+1` steps over the persisted state, by the version they start from. */
  readonly migrations?: NonNullable<Kind['migrations']>;
}

/** A machine alone is version 1; a {@link Kind} made with `defineKind` serves as well. */
export type MachineEntry = Machine | VersionedMachine | Kind;

/** @throws TypeError when the machine's id cannot be a kind's name */
export function kindOf(entry: MachineEntry): Kind {
  const given: Partial<Kind> & { readonly machine: Machine } =
    'machine' in entry ? (entry as VersionedMachine | Kind) : { machine: entry };
  const { machine } = given;
  const name = given.name ?? machine?.id;
  if (typeof machine?.transition !== 'function') throw new TypeError('an XState machine is wanted');
  if (KINDS.some((kind) => kind.name === name && kind.machine !== machine)) {
    throw new TypeError(`machine id "${name}" is the name of a built-in kind; give yours another id`);
  }
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name!)) {
    const wanted = 'lower-case words with hyphens (at most 63 characters): it becomes part of every address';
    throw new TypeError(`machine id "${name}" cannot name a kind: createMachine({ id }) wants ${wanted}`);
  }
  return defineKind({
    version: 1,
    commands: {},
    example: { input: {}, events: [] },
    origin: 'application',
    ...given,
    name: name!,
  });
}

/** The machines a running system knows. */
export class Machines {
  readonly #runtime: Runtime;
  readonly #registered = new Map<Machine, Promise<string>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    for (const { machine, name } of runtime.system.kinds()) this.#registered.set(machine, Promise.resolve(name));
  }

  /**
   * The kind of a machine, which is registered when it is new; what waited for it on disk goes on then.
   *
   * @throws TypeError for an id that is taken or cannot be a name
   * @throws AppError UNAVAILABLE when the data holds a newer version of it
   */
  nameOf(machine: Machine | string): Promise<string> {
    if (typeof machine === 'string') return Promise.resolve(machine);
    const known = this.#registered.get(machine);
    if (known) return known;
    const registering = this.#register(machine);
    this.#registered.set(machine, registering);
    registering.catch(() => this.#registered.delete(machine));
    return registering;
  }

  async #register(machine: Machine): Promise<string> {
    const { host, system } = this.#runtime;
    const kind = kindOf(machine);
    if (system.kinds().some(({ name }) => name === kind.name)) {
      throw new TypeError(`machine id "${kind.name}" belongs to another machine of this system already`);
    }
    await host.adopt([...system.kinds(), kind]);
    system.register(kind);
    return kind.name;
  }
}
