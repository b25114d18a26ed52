/** The whole server in this process, and a client that speaks to it over the wire. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadOrCreateKey } from '../../src/auth/keys.ts';
import { mintToken, type Tier } from '../../src/auth/token.ts';
import type { Config } from '../../src/config.ts';
import type { Logger } from '../../src/http/ports.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { loadConfig } from '../../src/settings.ts';
import { Client } from './client.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface TestServer {
  readonly running: RunningServer;
  readonly url: string;
  readonly config: Config;
  readonly log: LogLine[];
  /** A caller without any token. */
  readonly anonymous: Client;
  /** A caller with a token of its own. */
  as(subject: string, tier?: Tier): Promise<Client>;
  close(): Promise<void>;
}

/** A directory that goes when the test ends. */
export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'synod-e2e-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The defaults of every setting, in memory and on a free port, as a test wants them changed. */
export function testConfig(changes: Partial<Config> = {}): Config {
  return { ...loadConfig({}, {}), port: 0, data: ':memory:', ...changes };
}

export function memoryLogger(log: LogLine[]): Logger {
  const level = (name: LogLine['level']) => (fields: object, message: string) =>
    void log.push({ level: name, fields, message });
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
}

/** Starts a server; whoever opens one closes it. Unless `key` is set it makes a key of its own, and no limits count. */
export async function openServer(changes: Partial<Config> = {}): Promise<TestServer> {
  const keys = await mkdtemp(join(tmpdir(), 'synod-key-'));
  const key = changes.key ?? join(keys, 'key.json');
  const config = testConfig({ key, rateLimit: 'off', ...changes });
  const ring = await loadOrCreateKey(key);
  const log: LogLine[] = [];
  const running = await startServer(config, memoryLogger(log));
  let closed: Promise<void> | null = null;
  const stop = async () => {
    await running.close();
    await rm(keys, { recursive: true, force: true });
  };
  return {
    running,
    url: running.url,
    config,
    log,
    anonymous: new Client(running.url, {}),
    as: async (subject, tier = 'enterprise') => {
      const token = await mintToken({ key: ring, subject, tier });
      return new Client(running.url, { authorization: `Bearer ${token}` });
    },
    close: () => {
      closed ??= stop();
      return closed;
    },
  };
}

/** A server that stops when the test ends. */
export async function serve(changes: Partial<Config> = {}): Promise<TestServer> {
  const server = await openServer(changes);
  onTestFinished(server.close);
  return server;
}

/** A server for callers without a token. */
export async function serveAnonymous(changes: Partial<Config> = {}): Promise<TestServer> {
  return serve({ allowAnonymous: true, ...changes });
}

export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request whose path goes out byte for byte: `fetch` resolves `..` before it sends. Of a stream the first bytes do. */
export function rawRequest(
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string | Buffer,
): Promise<RawReply> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      const done = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        });
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (response.headers['content-type'] !== 'text/event-stream') return;
        done();
        request.destroy();
      });
      response.on('end', done);
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A text nothing else contains, to be looked for afterwards. */
export function marker(prefix = 'mark'): string {
  return `${prefix}${randomBytes(8).toString('hex')}`;
}
