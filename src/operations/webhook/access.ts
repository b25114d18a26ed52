/** How operations reach a webhook: by the caller's own address, so a foreign id is simply not there. */
import { z } from 'zod';
import type { Address } from '../../../actors/address.ts';
import { AppError } from '../../../actors/errors.ts';
import type { CommandName, Outcomes, Payload } from '../../../actors/kinds/webhook/events.ts';
import type { WebhookContext } from '../../../actors/kinds/webhook/model.ts';
import { keyed } from '../keyed.ts';
import type { Context } from '../operation.ts';
import { id } from '../schemas.ts';

export const webhookPath = z.object({ id: id.describe('Webhook id.') });

export function webhookAddress({ caller }: Context, id: string): Address {
  return { tenant: caller.tenant, kind: 'webhook', id };
}

/** The one wording for a webhook that is not there, or not the caller's: it must not tell which. */
export function noWebhook(): AppError {
  return new AppError('NOT_FOUND', 'Webhook not found');
}

/** @throws AppError NOT_FOUND */
export async function readWebhook(context: Context, id: string): Promise<WebhookContext> {
  const view = await context.services.system.read<WebhookContext>(webhookAddress(context, id));
  if (!view) throw noWebhook();
  return view.context;
}

/**
 * Sends a command, waits until it is durable, and has the deliveries look at the webhook anew.
 *
 * @throws AppError NOT_FOUND for an absent webhook, and whatever code the webhook refuses with
 */
export async function tellWebhook<N extends CommandName>(
  context: Context,
  id: string,
  event: { readonly type: N } & Omit<Payload<N>, 'at'>,
): Promise<{ readonly reply: Outcomes[N]; readonly webhook: WebhookContext }> {
  const { services, caller } = context;
  const told = await services.system
    .ask<WebhookContext>(webhookAddress(context, id), event, keyed(context, `webhook.${event.type}`))
    .catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'NOT_FOUND' ? noWebhook() : error;
    });
  services.webhooks.changed(caller.tenant, id);
  return { reply: told.reply as Outcomes[N], webhook: told.context };
}
