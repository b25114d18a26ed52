/**
 * Who listens to what, and calling them so that one's mistake is not another's.
 *
 * L1  Every listener is called, whatever those before it did. To tell never throws.
 * L2  What a listener throws, or its promise rejects with, goes to those for errors; what one of these throws goes to the
 *     console, or it would go round in circles.
 * L3  An error nobody listens to goes to the console, each cause once: silence would look as if all were well.
 */
import { SynodError } from './error.ts';
import type { SempClosed, SempEvent } from './semp-types.ts';

/**
 * What a client can be told to listen to, and what each listener is told. Listeners may be asynchronous; they are not
 * waited for.
 */
export interface SempListeners {
  /** An event was posted, by whomever. */
  event: (event: SempEvent) => unknown;
  /** Connected; events come from now on. */
  open: () => unknown;
  /** Not connected any more, or not this time; it will be again if `reconnecting`. Your own `close()` is not told. */
  close: (closed: SempClosed) => unknown;
  /**
   * The connection could not be had, or broke; with a `status` it was refused. Or a listener failed: then the code is
   * `LISTENER_FAILED`, and what it threw the `cause`. Without a listener for errors each cause is printed once.
   */
  error: (error: SynodError) => unknown;
  /** So many events were held back because this client read too slowly. They follow. */
  lagged: (dropped: number) => unknown;
}

type Listener = SempListeners[keyof SempListeners];

/** Causes remembered as told. Beyond it, causes are as many as the events that bring them. */
const MAX_CAUSES = 100;

export class Listeners {
  readonly #owner: string;
  /** Also the table of the names there are. */
  readonly #byName: { readonly [K in keyof SempListeners]: Set<Listener> } = {
    event: new Set(),
    open: new Set(),
    close: new Set(),
    error: new Set(),
    lagged: new Set(),
  };
  readonly #said = new Set<string>();

  /** @param owner named on the console */
  constructor(owner: string) {
    this.#owner = owner;
  }

  /** @throws TypeError for a name there is not, or what is no function */
  add<K extends keyof SempListeners>(name: K, listener: SempListeners[K]): void {
    const listeners = this.#of(name);
    if (typeof listener !== 'function') {
      const found = listener === null ? 'null' : typeof listener;
      throw new TypeError(`on("${name}"): the listener must be a function, not ${found}`);
    }
    listeners.add(listener);
  }

  /**
   * @returns how many are left
   * @throws TypeError for a name there is not
   */
  delete<K extends keyof SempListeners>(name: K, listener: SempListeners[K]): number {
    const listeners = this.#of(name);
    listeners.delete(listener);
    return listeners.size;
  }

  clear(): void {
    for (const listeners of Object.values(this.#byName)) listeners.clear();
  }

  /** Calls them one after the other, in the order in which they came. */
  tell<K extends keyof SempListeners>(name: K, ...args: Parameters<SempListeners[K]>): void {
    const listeners = [...this.#byName[name]] as ((...all: typeof args) => unknown)[];
    for (const listener of listeners) {
      try {
        const result = listener(...args) as { then?: unknown } | null | undefined;
        if (typeof result?.then === 'function') {
          result.then(undefined, (reason: unknown) => this.#failed(name, reason));
        }
      } catch (thrown) {
        this.#failed(name, thrown);
      }
    }
    if (name === 'error' && listeners.length === 0) this.#say(args[0] as SynodError);
  }

  /** L2. */
  #failed(name: keyof SempListeners, cause: unknown): void {
    const message = `a listener of "${name}" failed: ${textOf(cause)}`;
    const error = new SynodError('LISTENER_FAILED', message, { status: 0, cause });
    if (name === 'error') this.#say(error);
    else this.tell('error', error);
  }

  /** L3. */
  #say({ code, message, cause }: SynodError): void {
    if (this.#said.has(message) || this.#said.size > MAX_CAUSES) return;
    this.#said.add(message);
    const last = this.#said.size > MAX_CAUSES ? '; nothing more is said here, only to listeners of "error"' : '';
    // Where it was thrown helps with a mistake in a program, and not when the network is down.
    const where = code === 'LISTENER_FAILED' && cause instanceof Error ? [cause] : [];
    console.error(`${this.#owner}: ${message}${last}`, ...where);
  }

  #of(name: keyof SempListeners): Set<Listener> {
    if (Object.hasOwn(this.#byName, name)) return this.#byName[name];
    const names = Object.keys(this.#byName).join(', ');
    throw new TypeError(`there is nothing to listen to under ${JSON.stringify(name)}; there are ${names}`);
  }
}

/** Not everything that can be thrown can be made a text. */
function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'something without a text';
  }
}
