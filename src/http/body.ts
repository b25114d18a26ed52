/** Reads a request body without ever holding more of it than the operation allows. */
import type { IncomingMessage } from 'node:http';
import getRawBody from 'raw-body';
import { AppError } from '../../actors/errors.ts';

/** The client left before its request was complete: nobody waits for an answer. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
}

/** Bytes of an unwanted body that are read and thrown away so that the client gets to see the answer. */
const DISCARD_BYTES = 64 * 1024 * 1024;

/** Bodies up to this size are not counted: the bound on requests at once bounds them too. */
const LIGHT_BYTES = 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/** Room for large bodies: a few imports at once are fine, hundreds would fill memory before any of them is complete. */
export interface BodyRoom {
  /**
   * Sets room aside for the body of a request.
   *
   * @param limit bytes
   * @returns gives the room back; to be called once, when the request is over
   * @throws AppError OVERLOADED
   */
  claim(req: IncomingMessage, limit: number): () => void;
}

export function createBodyRoom(capacity: number): BodyRoom {
  let claimed = 0;
  return {
    claim(req, limit) {
      const announced = req.headers['content-length'];
      const bytes = hasBody(req) ? Math.min(limit, announced === undefined ? limit : Number(announced)) : 0;
      if (bytes <= LIGHT_BYTES) return () => {};
      // The first is let in however large it is.
      if (claimed > 0 && claimed + bytes > capacity) {
        const message = 'The server is reading as many large requests as it may';
        throw new AppError('OVERLOADED', message, { retryAfterMs: 1_000 });
      }
      claimed += bytes;
      return () => {
        claimed -= bytes;
      };
    },
  };
}

/**
 * Reads the body of a request that should carry JSON.
 *
 * @param limit bytes
 * @throws AppError TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED
 * @throws Aborted
 */
export async function readJsonBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  if (!hasBody(req)) return NOTHING;
  requireJson(req);
  const length = req.headers['content-length'];
  if (length !== undefined && Number(length) > limit) throw tooLarge(limit);
  try {
    return await getRawBody(req, { limit, length: length ?? null });
  } catch (cause) {
    const type = typeof cause === 'object' && cause !== null && 'type' in cause ? cause.type : undefined;
    if (type === 'entity.too.large') throw tooLarge(limit, cause);
    throw new Aborted('the client left while sending its request', { cause });
  }
}

/**
 * Lets the rest of an unread body flow away; closing the socket over unread bytes would reset the connection and take
 * the answer with it. A client that goes on sending without end is cut off.
 */
export function discardBody(req: IncomingMessage): void {
  if (req.readableEnded || !hasBody(req)) return;
  let seen = 0;
  req.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen > DISCARD_BYTES) req.destroy();
  });
  // A read that was broken off has left the stream paused.
  req.resume();
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return length === undefined ? headers['transfer-encoding'] !== undefined : length !== '0';
}

function requireJson({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', `Content-Encoding "${encoding}" is not accepted, send plain JSON`);
  }
  const type = headers['content-type'];
  if (type === undefined || type === 'application/json') return;
  if (!/^application\/(?:[\w.-]{1,64}\+)?json\s*(?:;\s*charset="?utf-?8"?\s*)?;?\s*$/i.test(type)) {
    throw new AppError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Type "${type.slice(0, 100)}" is not accepted, send application/json`,
    );
  }
}

function tooLarge(limit: number, cause?: unknown): AppError {
  return new AppError('TOO_LARGE', `Request body is larger than ${limit} bytes`, { cause });
}
