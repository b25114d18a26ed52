/** Which `Host` a caller without credentials may have meant this server by. */
import { isIP } from 'node:net';
import { AppError } from '../../actors/errors.ts';
import type { Config } from '../config.ts';

type HostConfig = Pick<Config, 'host' | 'corsOrigins' | 'forceAnonymous'>;

/**
 * Makes the check that keeps DNS rebinding out of anonymous mode: to the browser a page of evil.example, whose name
 * suddenly resolves to 127.0.0.1, is of the server's own origin, and only `Host` still tells where it came from.
 * Addresses cannot be rebound, and neither can localhost; an allowed origin's name is good too. Whoever forces anonymous
 * mode onto other addresses is reached under names nobody here knows.
 */
export function createHostCheck(config: HostConfig): (host: string | undefined) => boolean {
  const known = new Set([config.host, ...config.corsOrigins.map((origin) => nameOf(origin.replace(/^\w+:\/\//, '')))]);
  const any = config.forceAnonymous || config.corsOrigins.includes('*');
  return (host) => {
    // HTTP/1.0 knows no Host, and no browser speaks it.
    if (any || host === undefined) return true;
    const name = nameOf(host);
    return name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0 || known.has(name);
  };
}

/** What a caller without credentials is told who came by another name. */
export function foreignHost(host: string | undefined): AppError {
  const way = 'use localhost or an address, or serve with --cors-origins to add a name';
  return new AppError('FORBIDDEN', `Host ${host} is not a name of this server; ${way}`);
}

/** Without its port; an address of version 6 without its brackets. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
