/** A server with small fake operations, and the ways tests talk to it: fetch, and bytes on a socket. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../actors/errors.ts';
import type { Config } from '../../src/config.ts';
import { createHttpApp, type HttpOptions } from '../../src/http/app.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import type { Logger, ReplayStore, StoredResponse } from '../../src/http/ports.ts';
import { type InputSchemas, type Operation, operation } from '../../src/operations/operation.ts';
import type { Services } from '../../src/operations/services.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly log: LogLine[];
  readonly metrics: ReturnType<typeof createMetrics>;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Sends bytes and collects what comes back until the server closes. */
  raw(text: string): Promise<string>;
}

export type Overrides = Partial<Omit<HttpOptions, 'services'>> & { readonly config?: Partial<Config> };

/** Listens on a free port for as long as the test runs. */
export async function serve(operations: readonly Operation[], overrides: Overrides = {}): Promise<TestServer> {
  const log: LogLine[] = [];
  const metrics = createMetrics();
  const { config, ...rest } = overrides;
  const app = createHttpApp({
    operations,
    services: fakeServices(config),
    authenticator: { authenticate: async (headers) => principalOf(headers['x-api-key']) },
    limiter: null,
    basic: (given) => (given === `Basic ${btoa('user:secret')}` ? 'ok' : 'bad'),
    logger: memoryLogger(log),
    replay: memoryReplay(),
    metrics,
    ...rest,
  });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => close(server));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    log,
    metrics,
    call: (method, path, body, headers = {}) =>
      fetch(url + path, {
        method,
        headers: {
          'x-api-key': 'alice',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    raw: (text) => exchange(port, text),
  };
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

function principalOf(key: string | string[] | undefined) {
  if (key === undefined) throw new AppError('UNAUTHENTICATED', 'Missing license token');
  if (key === 'old') throw new AppError('EXPIRED', 'License expired, renew at https://example.test');
  return { tenant: String(key), tier: 'pro', anonymous: key === 'anonymous' } as const;
}

/** Only what the room itself reads. */
function fakeServices(config: Partial<Config> = {}): Services {
  const known = { corsOrigins: [], maxBodyBytes: 1_024 * 1_024, maxRequests: 4_096, trustProxy: false, ...config };
  return { version: '1.2.3', config: known } as unknown as Services;
}

export function memoryReplay(entries = new Map<string, StoredResponse>()): ReplayStore {
  return {
    get: (tenant, key) => entries.get(`${tenant}/${key}`),
    put: async (tenant, key, response) => {
      entries.set(`${tenant}/${key}`, response);
    },
  };
}

function memoryLogger(log: LogLine[]): Logger {
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    log.push({ level, fields: { ...fields }, message });
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** An operation of which a test names only what it is about. */
export function fake<const S extends InputSchemas>(
  method: Operation['http']['method'],
  path: string,
  given: Partial<Omit<Operation<S>, 'http'>> & { readonly http?: Partial<Operation['http']> } = {},
): Operation {
  const { http, ...rest } = given;
  return operation({
    name: `${method.toLowerCase()}${path.replace(/\W+/g, '.')}`.replace(/\.$/, ''),
    dialect: 'cortex',
    summary: 'Does something',
    input: {} as S,
    output: z.unknown(),
    access: 'tenant',
    mutates: false,
    example: {},
    owned: [],
    run: async (_, input) => input,
    ...rest,
    http: { method, path, status: 200, ...http },
  });
}
