/** The configuration of a server or an embedded runtime. Defaults and variables stand in `settings.ts`. */
import type { Capacities } from '../actors/kinds/session/model.ts';
import type { ComputeSettings } from './compute/index.ts';
import type { SignalSettings } from './environment/rules.ts';
import type { GraphqlSettings } from './graphql/settings.ts';

export interface Config {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Data directory of the embedded store; `:memory:` keeps nothing. */
  readonly data: string;
  /** File with the Ed25519 JWK whose tokens are accepted. */
  readonly key: string | undefined;
  /** Serve callers without a token as the subject `anonymous`, community tier. */
  readonly allowAnonymous: boolean;
  /** Let anonymous mode listen on an address others can reach. */
  readonly forceAnonymous: boolean;
  /** `auto`: off for anonymous mode on loopback, on otherwise. */
  readonly rateLimit: 'auto' | 'on' | 'off';
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Take the client's address from X-Forwarded-For / X-Real-IP. */
  readonly trustProxy: boolean;
  /** Origins that browsers may call from. Empty: none. */
  readonly corsOrigins: readonly string[];
  readonly metricsUser: string | undefined;
  readonly metricsPassword: string | undefined;
  /** Where an expired caller is sent. */
  readonly renewUrl: string;
  /** Word in the header line of the context block: `[<label> Context | Turn 1 | 1 memories]`. */
  readonly contextLabel: string;
  /** Memories in a context block. */
  readonly runTopK: number;
  /** Hard bound of the context block, in estimated tokens. */
  readonly contextBudgetTokens: number;
  readonly memory: Capacities;
  readonly embedder: {
    /** Base URL of an OpenAI-compatible server (`…/v1`); absent: the built-in hash embedder. */
    readonly url: string | undefined;
    readonly model: string;
    readonly dimension: number;
    readonly apiKey: string | undefined;
  };
  /** Largest request body in bytes, unless an operation sets its own. */
  readonly maxBodyBytes: number;
  /** Requests answered at once; more are refused with 503 and `Retry-After`. */
  readonly maxRequests: number;
  /** Streams (`WS /stream`, `WS /ws`, `GET /v1/stream`) open at once; one more is refused with 503 and `Retry-After`. */
  readonly maxStreams: number;
  /** Streams one caller may have open; one more is refused with 429 and `Retry-After`. */
  readonly maxStreamsPerTenant: number;
  readonly durability: 'durable' | 'relaxed';
  /** Actors kept in memory at once. */
  readonly maxLive: number;
  /** Idle time after which an actor leaves memory, ms. */
  readonly idleMs: number;
  readonly mailbox: number;
  readonly compute: ComputeSettings;
  /** By which rules signals grow and weaken. */
  readonly signals: SignalSettings;
  readonly webhooks: {
    /** Whether receivers may be at addresses that are not public. */
    readonly allowPrivate: boolean;
  };
  readonly graphql: GraphqlSettings;
}
