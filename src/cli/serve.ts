/** `synod serve`, and `npm start`, which is the same in anonymous development mode. */
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { type RunningServer, startServer } from '../server.ts';
import { loadConfig } from '../settings.ts';
import type { Command } from './options.ts';

async function serveWith(config: Config): Promise<number> {
  // Logs go to standard error, so that standard output stays for what people and scripts wait for.
  const logger = pino({ level: config.logLevel, base: null }, pino.destination({ fd: 2, sync: false }));
  const server = await startServer(config, logger);
  const stopped = signalled();
  process.stdout.write(`synod listening on ${server.url}\n${tryThis(config, server)}`);
  const end = await Promise.race([stopped, server.failed]);
  const flushed = () => new Promise<void>((resolve) => logger.flush(() => resolve()));
  if (typeof end !== 'string') {
    await flushed();
    throw end;
  }
  logger.info({ signal: end }, 'draining');
  await server.close();
  logger.info({}, 'stopped');
  await flushed();
  return 0;
}

function tryThis(config: Config, { url }: RunningServer): string {
  const token = config.allowAnonymous ? '' : ` -H "Authorization: Bearer $TOKEN"`;
  return (
    `try this: curl -s ${url}/v1/run${token} -H 'Content-Type: application/json' -d '{"message":"What did we decide?"}'\n` +
    `docs:     ${url}/docs\n`
  );
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Resolves with the first SIGINT or SIGTERM; a second one ends the process at once. A lost terminal is no reason. */
function signalled(): Promise<NodeJS.Signals> {
  process.on('SIGHUP', () => {});
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(EXIT_CODES[signal]);
        stopping = true;
        resolve(signal);
      });
    }
  });
}

export const serve: Command = {
  summary: 'Serves the API.',
  options: [],
  configured: true,
  run: ({ options, env }) => serveWith(loadConfig(options, env)),
};

/** Anonymous unless a key is given: for the first five minutes on one's own machine. */
export const start: Command = {
  summary: 'Serves the API in anonymous development mode (npm start).',
  options: [],
  configured: true,
  run: ({ options, env }) => {
    const keyed = options.key !== undefined || env.SYNOD_KEY;
    return serveWith(loadConfig(keyed ? options : { 'allow-anonymous': true, ...options }, env));
  },
};
