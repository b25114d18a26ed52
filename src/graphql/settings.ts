/** The settings of GraphQL, for the one table of settings. */
import { oneOf } from '../parsers.ts';
import type { Setting } from '../setting.ts';

export interface GraphqlSettings {
  /** Whether the schema can be asked for. `auto`: in anonymous development mode only. */
  readonly introspection: 'auto' | 'on' | 'off';
}

export const GRAPHQL_SETTINGS: readonly Setting[] = [
  {
    path: 'graphql.introspection',
    option: 'graphql-introspection',
    env: ['SYNOD_GRAPHQL_INTROSPECTION'],
    default: 'auto',
    parse: oneOf('auto', 'on', 'off'),
    value: 'MODE',
    help: 'Whether GraphQL tells its schema: auto, on or off. auto is on in anonymous mode only.',
  },
];
