/** Where an actor lives. */

export interface Address {
  /** The owner: the caller's subject. */
  readonly tenant: string;
  readonly kind: string;
  readonly id: string;
}

/** Longest tenant, kind or id, in UTF-8 bytes: five of them must fit in one LMDB key (1,978 bytes). */
export const MAX_ADDRESS_PART_BYTES = 300;

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
  if (typeof value !== 'string') return 'is not a string';
  if (value.length === 0) return 'is empty';
  if (value.length > MAX_ADDRESS_PART_BYTES || Buffer.byteLength(value) > MAX_ADDRESS_PART_BYTES) {
    return `is longer than ${MAX_ADDRESS_PART_BYTES} bytes`;
  }
  return value.includes('\u0000') ? 'contains a NUL character' : null;
}
