/** The server: the runtime and its fronts as one supervised whole. */
import { AppError } from '../actors/errors.ts';
import { SupervisionTree } from '../actors/supervision-tree.ts';
import { loadKey } from './auth/index.ts';
import { SystemClock } from './clock.ts';
import type { Config } from './config.ts';
import { type Fronts, isLoopback, openFronts } from './fronts.ts';
import type { Logger } from './http/ports.ts';
import { createRuntime, type Runtime } from './runtime.ts';

export interface RunningServer {
  /** `http://host:port`, with the port that was picked. */
  readonly url: string;
  readonly runtime: Runtime;
  /** Resolves when a part failed so often that restarting it was given up; everything is stopped by then. */
  readonly failed: Promise<AppError>;
  /** Reports a part as failed: it, and what rests on it, is stopped and started again. */
  fail(part: 'runtime' | 'fronts', error: Error): Promise<void>;
  /** Stops accepting, lets running requests finish, drains the actors, closes the store. */
  close(): Promise<void>;
}

/**
 * Starts serving. The parts are supervised rest for one: the fronts rest on the runtime (store, timers, kinds, which
 * `createRuntime` starts in that order and stops in reverse).
 *
 * @throws AppError UNAVAILABLE for a busy port, an unusable data directory or key, or anonymous mode on a public address
 */
export async function startServer(config: Config, logger: Logger): Promise<RunningServer> {
  requireSafe(config);
  const keys = config.key === undefined ? [] : (await loadKey(config.key)).verification;
  let runtime: Runtime | undefined;
  /** Lets go of the runtime; null while none is open. */
  let closeRuntime: (() => Promise<void>) | null = null;
  let fronts: Fronts | undefined;
  // A port that was picked once is kept: clients know it.
  let { port } = config;
  let giveUp: (error: AppError) => void = () => {};
  const failed = new Promise<AppError>((resolve) => {
    giveUp = resolve;
  });
  const tree: SupervisionTree = new SupervisionTree({
    clock: new SystemClock(),
    logger,
    onExhausted: (error) => giveUp(error),
    components: [
      {
        name: 'runtime',
        start: async () => {
          runtime = await createRuntime({ config, logger });
          closeRuntime = runtime.close;
        },
        stop: async () => {
          const close = closeRuntime;
          closeRuntime = null;
          await close?.();
        },
      },
      {
        name: 'fronts',
        start: async () => {
          const onFailure = (error: Error) => void tree.fail('fronts', error);
          fronts = await openFronts(runtime!, { config: { ...config, port }, keys, logger, onFailure });
          port = fronts.port;
        },
        stop: async () => {
          await fronts?.close();
          fronts = undefined;
        },
      },
    ],
  });
  await tree.start();
  warn(config, keys.length, logger);
  return {
    url: fronts!.url,
    get runtime() {
      return runtime!;
    },
    failed,
    fail: (part, error) => tree.fail(part, error),
    close: () => tree.stop(),
  };
}

/** Anonymous callers share one tenant, so whoever can reach the port could read everything in it. */
function requireSafe(config: Config): void {
  if (!config.allowAnonymous || config.forceAnonymous || isLoopback(config.host)) return;
  throw new AppError(
    'UNAVAILABLE',
    `anonymous mode serves everybody who can reach it and ${config.host} is not a loopback address; use --key, or --force-anonymous`,
  );
}

function warn(config: Config, keys: number, logger: Logger): void {
  if (config.allowAnonymous)
    logger.warn({ host: config.host }, 'anonymous development mode: every caller is the tenant "anonymous"');
  else if (keys === 0) logger.warn({}, 'no --key and no anonymous mode: every request will be refused with 401');
}
