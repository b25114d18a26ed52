/** An embedding server of the OpenAI kind, whose moods a test decides. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Peer {
  readonly url: string;
  /** Every text it was asked for, in order. */
  readonly texts: string[];
  /** Every `Authorization` header it saw. */
  readonly keys: Set<string | undefined>;
  /** From now on it answers with this status; null: as it should. */
  refuseWith(status: number | null): void;
  /** The next request with this text is answered only after `release`; `asked` resolves when it has come. */
  hold(text: string): { readonly asked: Promise<void>; release(): void };
}

/** A direction of its own for every text. */
function vectorOf(text: string, dimension: number): number[] {
  const bytes = createHash('sha512').update(text).digest();
  return Array.from({ length: dimension }, (_, i) => bytes[i]! / 255);
}

export async function startPeer(dimension: number): Promise<Peer> {
  const texts: string[] = [];
  const keys = new Set<string | undefined>();
  const held = new Map<string, { arrive: () => void; released: Promise<void> }>();
  let refusal: number | null = null;
  const server = createServer((request, response) => {
    keys.add(request.headers.authorization);
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', async () => {
      if (refusal !== null) {
        response.writeHead(refusal, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
        return;
      }
      const { input } = JSON.parse(body) as { input: string[] };
      texts.push(...input);
      const gate = input.flatMap((text) => held.get(text) ?? [])[0];
      if (gate) {
        for (const text of input) held.delete(text);
        gate.arrive();
        await gate.released;
      }
      const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text, dimension) }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    texts,
    keys,
    refuseWith: (status) => {
      refusal = status;
    },
    hold: (text) => {
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const asked = new Promise<void>((arrive) => {
        held.set(text, { arrive, released });
      });
      return { asked, release };
    },
  };
}
