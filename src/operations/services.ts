/** What operations may use: the actors, and the parts of the world that put vectors and ranks on their input. */
import type { Compute } from '../../actors/compute.ts';
import type { ActorSystem, Clock } from '../../actors/ports.ts';
import type { Config } from '../config.ts';
import type { Embedder } from '../embedding/embedder.ts';
import type { Environment } from '../environment/environment.ts';
import type { Graphql } from '../graphql/index.ts';
import type { Ranker } from '../recall/ranker.ts';
import type { Places } from '../stream/places.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';

export interface Services {
  readonly system: ActorSystem;
  readonly compute: Compute;
  readonly embedder: Embedder;
  readonly ranker: Ranker;
  readonly environment: Environment;
  readonly webhooks: Webhooks;
  readonly graphql: Graphql;
  readonly clock: Clock;
  /** Room for open streams. */
  readonly places: Places;
  readonly config: Config;
  readonly version: string;
  /** Readiness of every part, by name. */
  checks(): Readonly<Record<string, 'ok' | string>>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
