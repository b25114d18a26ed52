/**
 * Server-sent events read from a body.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */

export interface ServerSentEvent {
  /** `message` when the server gave it no name. */
  readonly event: string;
  readonly data: string;
  /** The last id heard, this event's included; null before any. */
  readonly id: string | null;
}

/** A server sends a sign of life every 15 s; one that missed three is gone, though the connection may not know it. */
export const SILENCE_MS = 45_000;

/**
 * Reads only while it is asked for the next event, so a slow reader slows the server down, which then tells it so.
 *
 * @param onSilence called when nothing came for so long while an event was waited for
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onSilence: () => void,
  silenceMs = SILENCE_MS,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new Parser();
  try {
    for (;;) {
      const timer = setTimeout(onSilence, silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      // An event without its blank line was cut off: it comes again.
      if (done) return;
      yield* parser.take(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Lines to events. */
export class Parser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;

  *take(text: string): Generator<ServerSentEvent, void, undefined> {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    // A carriage return at the very end may be half of a line's end.
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const event = this.#line(line);
      if (event) yield event;
    }
  }

  #line(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const [event, data] = [this.#event || 'message', this.#data];
    this.#event = '';
    this.#data = [];
    return data.length === 0 ? undefined : { event, data: data.join('\n'), id: this.#id };
  }
}
