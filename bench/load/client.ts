/** A lean HTTP client which times its calls and counts their bytes. */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Answer {
  /** HTTP status; an error's code (`ECONNRESET`, `TIMEOUT`) when there was no answer. */
  readonly status: string;
  readonly ok: boolean;
  /** Of head and body, as they came. */
  readonly bytes: number;
  readonly ms: number;
  readonly text: string;
  /** What `Retry-After` said. */
  readonly retryMs: number | null;
}

export interface Client {
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: string): Promise<Answer>;
  /** Cuts every connection. */
  close(): void;
}

export interface ClientOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** False: a new TCP connection per request, as the published runs had it. */
  readonly keepAlive: boolean;
  readonly deadlineMs: number;
}

export function createClient({ url, token, keepAlive, deadlineMs }: ClientOptions): Client {
  const secure = url.startsWith('https:');
  const agent = secure ? new HttpsAgent({ keepAlive }) : new HttpAgent({ keepAlive });
  const open = secure ? httpsRequest : httpRequest;
  const underWay = new Set<ClientRequest>();
  const common = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let closed = false;
  const call: Client['call'] = (method, path, body) => {
    const sent = performance.now();
    return new Promise((resolve) => {
      const failed = (error: NodeJS.ErrnoException) => {
        underWay.delete(outgoing);
        const status = closed ? 'CUT OFF' : (error.code ?? error.message);
        resolve({ status, ok: false, bytes: 0, ms: performance.now() - sent, text: '', retryMs: null });
      };
      const content =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const outgoing = open(url + path, { method, agent, headers: { ...common, ...content } }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', failed);
        response.on('end', () => {
          const ms = performance.now() - sent;
          underWay.delete(outgoing);
          const content = Buffer.concat(pieces);
          const { statusCode: status = 0 } = response;
          const ok = status >= 200 && status < 300;
          const bytes = headBytes(response) + content.length;
          const seconds = Number(response.headers['retry-after']);
          const retryMs = seconds > 0 ? seconds * 1_000 : null;
          resolve({ status: String(status), ok, bytes, ms, text: content.toString(), retryMs });
        });
      });
      underWay.add(outgoing);
      outgoing.setTimeout(deadlineMs, () =>
        outgoing.destroy(Object.assign(new Error('no answer'), { code: 'TIMEOUT' })),
      );
      outgoing.on('error', failed);
      outgoing.end(body);
    });
  };
  return {
    call,
    close: () => {
      closed = true;
      for (const outgoing of underWay) outgoing.destroy();
      agent.destroy();
    },
  };
}

/** Status line, then `name: value` lines, then an empty one. */
function headBytes({ rawHeaders, statusMessage = '' }: IncomingMessage): number {
  return rawHeaders.reduce((sum, text) => sum + text.length + 2, 'HTTP/1.1 200 '.length + statusMessage.length + 4);
}
