/** The shape of a webhook: everything that survives in its snapshot. */
import { AppError } from '../../errors.ts';
import type { EventType } from '../signal/model.ts';

/** Attempts of one delivery; after the last it has failed, and the next event has its turn. */
export const MAX_ATTEMPTS = 5;
/** Wait before the second attempt; it doubles with each one. */
export const BACKOFF_MS = 1_000;
/** Most that chance adds to a wait, as a share of it: receivers of many webhooks are not all asked at once. */
export const JITTER = 0.25;
/** Deliveries that failed one after the other, after which nobody seems to be there. */
export const MAX_FAILURES = 50;
/** Attempts remembered; all of them are in the log. */
export const MAX_DELIVERIES = 100;
/** Globs of one webhook, and characters of each: as long as a scope may be. */
export const MAX_SCOPES = 100;
export const MAX_GLOB_LENGTH = 512;
/** Longest time two secrets are valid side by side: seven days. */
export const MAX_GRACE_MS = 7 * 86_400_000;

/**
 * Why nothing is sent: the owner said so, the receiver answered 410 (gone), or {@link MAX_FAILURES} deliveries failed
 * in a row.
 */
export type DisabledReason = 'paused' | 'gone' | 'failures';

/** A secret as it is kept: encrypted, because events and snapshots can be read in many places. */
export interface SealedSecret {
  readonly sealed: string;
  /** Unix ms from which on it signs no more; null for the current one. */
  readonly until: number | null;
}

export interface Delivery {
  /** The same for all attempts. */
  readonly id: string;
  /** Id and type of the event. */
  readonly event: string;
  readonly type: string;
  /** From 1. */
  readonly attempt: number;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  readonly error: string | null;
  readonly ms: number;
  /** Unix ms. */
  readonly at: number;
  /** `retrying`: it is tried again; `failed`: it was the last attempt. */
  readonly outcome: 'delivered' | 'retrying' | 'failed';
}

/** A delivery that is tried again. */
export interface Pending {
  /** The event's place in the log. */
  readonly seq: number;
  /** Attempts made. */
  readonly attempts: number;
  /** Unix ms of the next one. */
  readonly dueAt: number;
}

export interface WebhookContext {
  readonly id: string;
  readonly url: string;
  /** Types that are delivered; empty: all. */
  readonly events: readonly EventType[];
  /** Globs of the scopes that are delivered; empty: all. */
  readonly scopes: readonly string[];
  /** Every record of the tenant's log up to this one was delivered, given up or not wanted. */
  readonly cursor: number;
  readonly pending: Pending | null;
  readonly disabled: { readonly reason: DisabledReason; readonly at: number } | null;
  /** Deliveries given up since the last that succeeded. */
  readonly failures: number;
  /** Newest first, at most two. */
  readonly secrets: readonly SealedSecret[];
  /** Oldest first, at most {@link MAX_DELIVERIES}. */
  readonly deliveries: readonly Delivery[];
  /** Deliveries since it was made. */
  readonly delivered: number;
  readonly failed: number;
  /** Unix ms. */
  readonly createdAt: number;
  /** Changes by its owner: what an attempt from before one finds is not held against the webhook. Since version 2. */
  readonly configuration: number;
}

export interface WebhookInput {
  readonly id: string;
  readonly url: string;
  readonly events: readonly EventType[];
  readonly scopes: readonly string[];
  /** Where the log stands: what comes after it is delivered. */
  readonly cursor: number;
  readonly sealed: string;
  readonly active: boolean;
  /** Unix ms. */
  readonly at: number;
}

/** @throws AppError INVALID for a cursor that is no sequence number, or more globs than {@link MAX_SCOPES} */
export function createWebhook({ id, url, events, scopes, cursor, sealed, active, at }: WebhookInput): WebhookContext {
  if (!(Number.isSafeInteger(cursor) && cursor >= 0)) {
    throw new AppError('INVALID', `the cursor is ${cursor}, a sequence number wanted`);
  }
  if (scopes.length > MAX_SCOPES) {
    throw new AppError('INVALID', `${scopes.length} globs were given, at most ${MAX_SCOPES} wanted`);
  }
  return {
    id,
    url,
    events,
    scopes,
    cursor,
    pending: null,
    disabled: active ? null : { reason: 'paused', at },
    failures: 0,
    secrets: [{ sealed, until: null }],
    deliveries: [],
    delivered: 0,
    failed: 0,
    createdAt: at,
    configuration: 0,
  };
}
