/** Where an actor lives. */

export interface Address {
  /** The owner: the caller's subject. */
  readonly tenant: string;
  readonly kind: string;
  readonly id: string;
}

/** Longest tenant, kind or id, in bytes of a store's key: five of them must fit in one LMDB key (1,978 bytes). */
export const MAX_ADDRESS_PART_BYTES = 300;

/** Longest idempotency key: it shares a store's key with a tenant. */
export const MAX_IDEMPOTENCY_KEY_BYTES = 1_024;

/** `tenant/kind/id`, each part percent-encoded so that a slash inside an id cannot forge another address. */
export function formatAddress(address: Address): string {
  return `${encodeURIComponent(address.tenant)}/${encodeURIComponent(address.kind)}/${encodeURIComponent(address.id)}`;
}

/** Inverse of {@link formatAddress}. */
export function parseAddress(text: string): Address {
  const parts = text.split('/');
  if (parts.length !== 3) throw new TypeError(`address "${text}" has ${parts.length} parts, 3 wanted: tenant/kind/id`);
  const [tenant, kind, id] = parts.map(decodeURIComponent) as [string, string, string];
  return { tenant, kind, id };
}

/** What is wrong with a part of an address, or null. */
export function addressPartTrouble(value: unknown): string | null {
  return keyPartTrouble(value, MAX_ADDRESS_PART_BYTES);
}

/**
 * What is wrong with a text that becomes part of a store's key, or null. Found at the door, where it harms only its
 * sender: at the commit it would fail everybody else's turns too.
 */
export function keyPartTrouble(value: unknown, maxBytes: number): string | null {
  if (typeof value !== 'string') return 'is not a string';
  if (value.length === 0) return 'is empty';
  if (value.length > maxBytes || storedBytes(value) > maxBytes) return `is longer than ${maxBytes} bytes`;
  if (value.includes('\u0000')) return 'contains a NUL character';
  return /\p{Surrogate}/u.test(value) ? 'contains half a surrogate pair' : null;
}

/** UTF-8, and a U+0001 takes two: stores write it escaped, so that zero bytes can end a part. */
function storedBytes(value: string): number {
  return Buffer.byteLength(value.includes('\u0001') ? value.replaceAll('\u0001', '\u0001\u0001') : value);
}
