/** Which servers may be loaded: this machine's freely, another one's only by who says so twice. */
import { isIP } from 'node:net';
import { UsageError } from '../../src/cli/options.ts';

export function isLoopback(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * @param target as given with --target
 * @param yes whether --yes was given
 * @returns origin and path without a slash at the end
 * @throws UsageError for what is no http URL, and for another machine's without --yes
 */
export function checkTarget(target: string, yes: boolean): string {
  const url = URL.canParse(target) ? new URL(target) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--target is "${target}", wanted an http or https URL`);
  }
  if (url.username || url.search || url.hash) {
    throw new UsageError('--target is to be an address alone: no user, query or fragment; the token goes into --token');
  }
  if (!isLoopback(url) && !yes) {
    throw new UsageError(
      `--target ${url.origin} is not on this machine; a load test may keep others from being served and leaves log records: add --yes if it is yours to load`,
    );
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}
