/**
 * One operation's turns in the room of its connection, where one result at a time is built and sent.
 *
 * T1  Only the operation that holds the room gives it back, once: when its result is on its way, or when it is over.
 */
import type { GraphqlSocket } from './websocket.ts';

export class Turn {
  readonly #socket: Pick<GraphqlSocket, 'room'>;
  readonly #isWanted: () => boolean;
  /** Gives back the room that it holds. */
  #leave: (() => void) | null = null;

  /** @param isWanted whether the operation was not cancelled */
  constructor(socket: Pick<GraphqlSocket, 'room'>, isWanted: () => boolean) {
    this.#socket = socket;
    this.#isWanted = isWanted;
  }

  /**
   * Waits for the room.
   *
   * @returns false when nobody waits for the result any more: none is to be made
   */
  async begin(): Promise<boolean> {
    this.end();
    this.#leave = await this.#socket.room();
    if (this.#leave && this.#isWanted()) return true;
    this.end();
    return false;
  }

  end(): void {
    this.#leave?.();
    this.#leave = null;
  }
}
