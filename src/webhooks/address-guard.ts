/**
 * Where a webhook may point. A receiver's URL comes from a tenant and is called from inside the operator's network, so
 * it must not reach what only that network can reach (server-side request forgery).
 *
 * G1  Only addresses of the public internet pass; whoever is not known to be public is refused.
 * G2  Every address of a name must pass: which of them a connection would take is up to the network.
 * G3  What was checked is what is connected to: the name is not resolved again (DNS rebinding).
 */
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../../actors/errors.ts';

/** Longest URL of a receiver, in characters. */
export const MAX_URL_LENGTH = 2_048;

/** The addresses of a name, at least one. Rejects when there are none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** One try of a name server, and how many there are. */
const DNS_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

/**
 * Reads a receiver's URL. Numbers in other notations (`http://2130706433`, `http://0x7f.1`) are dotted afterwards.
 *
 * @throws AppError INVALID for what is no http or https URL, carries credentials, or is too long
 */
export function readTarget(text: string): URL {
  const wrong = (why: string) => new AppError('INVALID', `url: ${why}`);
  if (text.length > MAX_URL_LENGTH) throw wrong(`at most ${MAX_URL_LENGTH} characters`);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw wrong('an absolute http or https URL is wanted');
  // They would stand in the log, and in every listing.
  if (url.username !== '' || url.password !== '') throw wrong('credentials do not belong in the URL');
  return url;
}

/** Whether an address belongs to the public internet. */
export function isPublic(address: string): boolean {
  // Asked of Node, which connects to it: the library also reads `1.2.3` and octal numbers. A zone (`fe80::1%eth0`) only
  // ever names an interface of this machine.
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  // The library names special blocks; of the rest of IPv6 only 2000::/3 was ever given to anybody.
  return parsed.kind() === 'ipv4' || (parsed.toByteArray()[0]! & 0xe0) === 0x20;
}

/** The host of a URL as a name or address, IPv6 without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/**
 * A target that must not be called. It is for the owner to read, so it names no address that was not in the URL: which
 * one a name has inside the operator's network is not the tenant's business.
 */
export class ForbiddenTarget extends Error {
  /** What it is about the host. Not the message, which is kept with every attempt: a host may be long. */
  readonly detail: string;

  constructor(host: string) {
    super('the URL leads to an address that is not public');
    this.name = 'ForbiddenTarget';
    this.detail = `${host} ${isIP(host) > 0 ? 'is not a public address' : 'leads to an address that is not public'}`;
  }
}

/** Names of this machine, whatever a name server says of them: RFC 6761, section 6.3. */
const LOCALHOST = /(^|\.)localhost\.*$/;

/**
 * The addresses a delivery may connect to (G1, G2).
 *
 * @param resolve asked for names only
 * @throws ForbiddenTarget when one of them is not public, or it is `localhost`, and private ones are not allowed
 * @throws whatever `resolve` throws
 */
export async function addressesFor(
  url: URL,
  { resolve, allowPrivate }: { readonly resolve: Resolve; readonly allowPrivate: boolean },
): Promise<readonly string[]> {
  const host = hostOf(url);
  if (!allowPrivate && LOCALHOST.test(host)) throw new ForbiddenTarget(host);
  const addresses = isIP(host) > 0 ? [host] : await resolve(host);
  if (!allowPrivate && !addresses.every(isPublic)) throw new ForbiddenTarget(host);
  return addresses;
}

/**
 * Asks the name servers, IPv4 first. Not `lookup`: that waits on one of the process's four threads, which the store
 * commits on, so a few names that answer slowly would stop everybody. The hosts file is not read.
 */
export const resolvePublic: Resolve = async (name) => {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  if (addresses.length === 0) throw (found[0] as PromiseRejectedResult).reason;
  return addresses;
};

/**
 * Asks the way other programs of this machine do: hosts file, search domains, multicast DNS. For installations that
 * allow private receivers, whose names often stand nowhere else (`localhost`, a container's name).
 */
export const resolveLocal: Resolve = async (name) =>
  (await lookup(name, { all: true, order: 'ipv4first' })).map(({ address }) => address);
