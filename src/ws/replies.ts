/**
 * Answers to what a client sends. Nothing more is read from it until its answer is on the way: a client that sends and
 * never reads would fill memory.
 */
import type { WebSocket } from 'ws';

export class Replies {
  readonly #ws: WebSocket;
  /** Answers that are not yet on their way. */
  #owed = 0;

  /** Pings are answered from here on; the front sets `autoPong: false`. */
  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on('ping', (data) => this.#owe((done) => ws.pong(data, false, done)));
  }

  send(message: object): void {
    this.#owe((done) => this.#ws.send(JSON.stringify(message), done));
  }

  #owe(send: (done: () => void) => void): void {
    this.#owed++;
    this.#ws.pause();
    send(() => {
      if (--this.#owed === 0) this.#ws.resume();
    });
  }
}
