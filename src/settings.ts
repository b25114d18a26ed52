/** Every setting: its option, its environment variables, its default and its meaning. One table, read by all. */
import { AppError } from '../actors/errors.ts';
import type { Config } from './config.ts';

/** A value as text, turned into what the program uses. Throws a sentence when it cannot be. */
type Parse = (text: string) => unknown;

export interface Setting {
  /** Path in {@link Config}, dotted. */
  readonly path: string;
  /** Long option without dashes. */
  readonly option: string;
  /** Environment variables, the first one that is set wins. */
  readonly env: readonly string[];
  readonly default: unknown;
  readonly parse: Parse;
  /** What a value looks like in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** Never shown, neither in errors nor in logs. */
  readonly secret?: boolean;
}

const text: Parse = (value) => {
  if (value === '') throw new Error('a non-empty text');
  return value;
};

const optionalText: Parse = (value) => (value === '' ? undefined : value);

const whole =
  (min: number, max: number): Parse =>
  (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) throw new Error(`a whole number from ${min} to ${max}`);
    return number;
  };

const oneOf =
  (...allowed: readonly string[]): Parse =>
  (value) => {
    if (!allowed.includes(value)) throw new Error(`one of ${allowed.join(', ')}`);
    return value;
  };

const flag: Parse = (value) => {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off|)$/i.test(value)) return false;
  throw new Error('1 or 0');
};

const list: Parse = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** The seed's level names beside pino's. */
const level: Parse = (value) => {
  const aliases: Record<string, string> = { critical: 'fatal', warning: 'warn' };
  return oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')(aliases[value] ?? value);
};

const httpUrl: Parse = (value) => {
  if (value === '') return undefined;
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new Error('an http or https URL');
  return value;
};

const MiB = 2 ** 20;

export const SETTINGS: readonly Setting[] = [
  {
    path: 'host',
    option: 'host',
    env: ['SYNOD_HOST'],
    default: '127.0.0.1',
    parse: text,
    value: 'ADDRESS',
    help: 'Address to listen on.',
  },
  {
    path: 'port',
    option: 'port',
    env: ['SYNOD_PORT'],
    default: 8080,
    parse: whole(0, 65_535),
    value: 'N',
    help: 'TCP port; 0 picks a free one.',
  },
  {
    path: 'data',
    option: 'data',
    env: ['SYNOD_DATA'],
    default: './data',
    parse: text,
    value: 'DIR',
    help: 'Data directory; ":memory:" keeps nothing.',
  },
  {
    path: 'key',
    option: 'key',
    env: ['SYNOD_KEY'],
    default: undefined,
    parse: optionalText,
    value: 'FILE',
    help: 'Ed25519 JWK whose tokens are accepted.',
  },
  {
    path: 'allowAnonymous',
    option: 'allow-anonymous',
    env: ['SYNOD_ALLOW_ANONYMOUS', 'SEMVEC_ALLOW_ANONYMOUS'],
    default: false,
    parse: flag,
    help: 'Serve callers without a token (development only).',
  },
  {
    path: 'forceAnonymous',
    option: 'force-anonymous',
    env: ['SYNOD_FORCE_ANONYMOUS'],
    default: false,
    parse: flag,
    help: 'Let anonymous mode listen on other than loopback addresses.',
  },
  {
    path: 'rateLimit',
    option: 'rate-limit',
    env: ['SYNOD_RATE_LIMIT'],
    default: 'auto',
    parse: oneOf('auto', 'on', 'off'),
    value: 'MODE',
    help: 'Token buckets per tier: auto, on or off. auto is off for anonymous mode on loopback.',
  },
  {
    path: 'logLevel',
    option: 'log-level',
    env: ['SYNOD_LOG_LEVEL'],
    default: 'info',
    parse: level,
    value: 'LEVEL',
    help: 'fatal, error, warn, info, debug, trace or silent.',
  },
  {
    path: 'trustProxy',
    option: 'trust-proxy',
    env: ['SYNOD_TRUST_PROXY'],
    default: false,
    parse: flag,
    help: 'Take client addresses from X-Forwarded-For / X-Real-IP.',
  },
  {
    path: 'corsOrigins',
    option: 'cors-origins',
    env: ['SYNOD_CORS_ORIGINS', 'CORS_ORIGINS'],
    default: [],
    parse: list,
    value: 'LIST',
    help: 'Origins browsers may call from, comma-separated.',
  },
  {
    path: 'metricsUser',
    option: 'metrics-user',
    env: ['SYNOD_METRICS_USER', 'METRICS_USER'],
    default: undefined,
    parse: optionalText,
    value: 'NAME',
    help: 'Basic auth for /metrics; both must be set.',
  },
  {
    path: 'metricsPassword',
    option: 'metrics-password',
    env: ['SYNOD_METRICS_PASSWORD', 'METRICS_PASSWORD'],
    default: undefined,
    parse: optionalText,
    value: 'SECRET',
    help: 'Basic auth for /metrics.',
    secret: true,
  },
  {
    path: 'renewUrl',
    option: 'renew-url',
    env: ['SYNOD_RENEW_URL'],
    default: 'https://www.semvec.io',
    parse: text,
    value: 'URL',
    help: 'Where the 402 answer sends a caller whose token expired.',
  },
  {
    path: 'contextLabel',
    option: 'context-label',
    env: ['SYNOD_CONTEXT_LABEL'],
    default: 'Synod',
    parse: text,
    value: 'WORD',
    help: 'First word of the context block.',
  },
  {
    path: 'runTopK',
    option: 'run-top-k',
    env: ['SYNOD_RUN_TOP_K', 'SEMVEC_RUN_TOP_K'],
    default: 5,
    parse: whole(1, 100),
    value: 'N',
    help: 'Memories in a context block.',
  },
  {
    path: 'contextBudgetTokens',
    option: 'context-budget',
    env: ['SYNOD_CONTEXT_BUDGET'],
    default: 1_000,
    parse: whole(50, 100_000),
    value: 'TOKENS',
    help: 'Hard bound of a context block, in estimated tokens.',
  },
  {
    path: 'memory.short_term',
    option: 'memory-short-term',
    env: ['SYNOD_MEMORY_SHORT_TERM'],
    default: 15,
    parse: whole(1, 5_000),
    value: 'N',
    help: "Capacity of a session's short-term tier.",
  },
  {
    path: 'memory.medium_term',
    option: 'memory-medium-term',
    env: ['SYNOD_MEMORY_MEDIUM_TERM'],
    default: 50,
    parse: whole(1, 5_000),
    value: 'N',
    help: 'Capacity of the medium-term tier.',
  },
  {
    path: 'memory.long_term',
    option: 'memory-long-term',
    env: ['SYNOD_MEMORY_LONG_TERM'],
    default: 200,
    parse: whole(1, 5_000),
    value: 'N',
    help: 'Capacity of the long-term tier.',
  },
  {
    path: 'embedder.url',
    option: 'embedder-url',
    env: ['SYNOD_EMBEDDER_URL', 'SEMVEC_EMBEDDER_URL'],
    default: undefined,
    parse: httpUrl,
    value: 'URL',
    help: 'OpenAI-compatible server; absent: the built-in embedder.',
  },
  {
    path: 'embedder.model',
    option: 'embedder-model',
    env: ['SYNOD_EMBEDDER_MODEL', 'SEMVEC_EMBEDDER_MODEL'],
    default: 'all-MiniLM-L6-v2',
    parse: text,
    value: 'NAME',
    help: 'Model to ask that server for.',
  },
  {
    path: 'embedder.dimension',
    option: 'embedder-dim',
    env: ['SYNOD_EMBEDDER_DIM', 'SEMVEC_EMBEDDER_DIM'],
    default: 384,
    parse: whole(8, 8_192),
    value: 'N',
    help: 'Numbers per vector.',
  },
  {
    path: 'embedder.apiKey',
    option: 'embedder-key',
    env: ['SYNOD_EMBEDDER_KEY'],
    default: undefined,
    parse: optionalText,
    value: 'SECRET',
    help: 'Bearer token for that server.',
    secret: true,
  },
  {
    path: 'maxBodyBytes',
    option: 'max-body',
    env: ['SYNOD_MAX_BODY'],
    default: MiB,
    parse: whole(1_024, 1_024 * MiB),
    value: 'BYTES',
    help: 'Largest request body.',
  },
  {
    path: 'durability',
    option: 'durability',
    env: ['SYNOD_DURABILITY'],
    default: 'durable',
    parse: oneOf('durable', 'relaxed'),
    value: 'MODE',
    help: 'durable answers after the fsync, relaxed before it.',
  },
  {
    path: 'maxLive',
    option: 'max-live',
    env: ['SYNOD_MAX_LIVE', 'SEMVEC_MAX_SESSIONS'],
    default: 10_000,
    parse: whole(1, 10_000_000),
    value: 'N',
    help: 'Actors kept in memory at once; the others wait on disk.',
  },
  {
    path: 'idleMs',
    option: 'idle-ms',
    env: ['SYNOD_IDLE_MS'],
    default: 300_000,
    parse: whole(100, 86_400_000),
    value: 'MS',
    help: 'Idle time after which an actor leaves memory.',
  },
  {
    path: 'mailbox',
    option: 'mailbox',
    env: ['SYNOD_MAILBOX'],
    default: 1_024,
    parse: whole(1, 1_000_000),
    value: 'N',
    help: "Events an actor's mailbox holds.",
  },
];

/**
 * Puts a configuration together: options win over the environment, the environment over the defaults.
 *
 * @param options values as given on the command line, by option name; a switch is `true`
 * @throws AppError INVALID naming the option or variable, what was found and what was wanted
 */
export function loadConfig(
  options: Readonly<Record<string, string | boolean | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const config: Record<string, unknown> = {};
  for (const setting of SETTINGS) put(config, setting.path, settingValue(setting, options, env));
  return config as unknown as Config;
}

function settingValue(
  setting: Setting,
  options: Readonly<Record<string, string | boolean | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  const given = options[setting.option];
  if (given !== undefined) return parse(setting, String(given), `--${setting.option}`);
  for (const name of setting.env) {
    const value = env[name];
    if (value !== undefined) return parse(setting, value, name);
  }
  return setting.default;
}

function parse(setting: Setting, value: string, where: string): unknown {
  try {
    return setting.parse(value);
  } catch (error) {
    const found = setting.secret ? 'a value' : `"${value}"`;
    throw new AppError('INVALID', `${where} is ${found}, wanted ${(error as Error).message}`);
  }
}

function put(config: Record<string, unknown>, path: string, value: unknown): void {
  const [head, tail] = path.split('.') as [string, string | undefined];
  if (tail === undefined) {
    config[head] = value;
    return;
  }
  const inner = (config[head] ?? {}) as Record<string, unknown>;
  inner[tail] = value;
  config[head] = inner;
}
