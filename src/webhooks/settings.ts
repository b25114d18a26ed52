/** The settings of webhooks. */
import { flag } from '../parsers.ts';
import type { Setting } from '../setting.ts';

export const WEBHOOK_SETTINGS: readonly Setting[] = [
  {
    path: 'webhooks.allowPrivate',
    option: 'webhook-allow-private',
    env: ['SYNOD_WEBHOOK_ALLOW_PRIVATE'],
    default: false,
    parse: flag,
    help: 'Let webhooks lead to addresses that are not public, such as this machine.',
  },
];
