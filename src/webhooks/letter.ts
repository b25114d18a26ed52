/** What a receiver is sent: the frame a WebSocket would carry, with the names of webhook and delivery, and signed. */
import type { WebhookContext } from '../../actors/kinds/webhook/model.ts';
import type { SempEvent } from '../environment/event.ts';
import type { Seal } from '../seal.ts';
import type { Letter } from './post.ts';
import { deliveryId, signatureHeaders } from './signature.ts';

export interface AddressedLetter extends Letter {
  /** Of the delivery: the same in every attempt. */
  readonly id: string;
}

/** Whose a webhook's secrets are, for the seal. Both parts: an id is a tenant's own, and two may choose the same. */
export function ownerOf(tenant: string, webhook: string): string {
  return JSON.stringify([tenant, webhook]);
}

/**
 * @param now Unix ms of the attempt
 * @throws AppError CORRUPTED when the secrets belong to another data directory
 */
export function letterFor(
  tenant: string,
  { id: webhook, url, secrets }: Pick<WebhookContext, 'id' | 'url' | 'secrets'>,
  event: SempEvent,
  { seal, now }: { readonly seal: Seal; readonly now: number },
): AddressedLetter {
  const id = deliveryId(webhook, event.id);
  const body = JSON.stringify({ type: 'event', data: event, webhook_id: webhook, delivery_id: id });
  const owner = ownerOf(tenant, webhook);
  const valid = secrets.filter(({ until }) => until === null || until > now);
  const open = valid.map(({ sealed }) => seal.open(sealed, owner));
  return { id, url, body, headers: signatureHeaders({ id, at: now, body, type: event.type, secrets: open }) };
}
