/** The baseline over HTTP: a bare Koa server that parses a body and sends it back. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';

export interface Echo {
  readonly url: string;
  close(): void;
}

export async function startEcho(): Promise<Echo> {
  const app = new Koa();
  app.use(async (ctx) => {
    const pieces: Buffer[] = [];
    for await (const piece of ctx.req) pieces.push(piece as Buffer);
    ctx.body = pieces.length === 0 ? {} : JSON.parse(Buffer.concat(pieces).toString());
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
