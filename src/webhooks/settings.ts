/** The settings of webhooks. */
import { flag } from '../parsers.ts';
import type { Setting } from '../setting.ts';

const ALLOW_PRIVATE = { option: 'webhook-allow-private', env: 'SYNOD_WEBHOOK_ALLOW_PRIVATE' };

/** What whoever is refused a receiver can ask for. */
export const HOW_TO_ALLOW = `the operator can allow it with --${ALLOW_PRIVATE.option} (${ALLOW_PRIVATE.env}=1)`;

export const WEBHOOK_SETTINGS: readonly Setting[] = [
  {
    path: 'webhooks.allowPrivate',
    option: ALLOW_PRIVATE.option,
    env: [ALLOW_PRIVATE.env],
    default: false,
    parse: flag,
    help: 'Let webhooks lead to addresses that are not public, such as this machine.',
  },
];
