/**
 * The connection to a webhook's receiver, kept while one event follows the other: a receiver far away would otherwise
 * cost two or three round trips an event instead of one.
 *
 * L1  It belongs to one webhook, and leads to addresses that were checked before it was opened.
 * L2  When the name leads elsewhere by now, or the webhook does, a new one is opened.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

/** An unused connection is closed after this: before most servers do it, at five seconds. */
const IDLE_MS = 4_000;

export class Line {
  #agent: HttpAgent | null = null;
  /** Where it leads. */
  #target = '';

  /** @param addresses that were checked for this attempt */
  agentFor(url: URL, addresses: readonly string[]): HttpAgent {
    const target = [url.origin, ...[...addresses].sort()].join(' ');
    if (this.#agent && this.#target === target) return this.#agent;
    this.close();
    const options = { keepAlive: true, maxSockets: 1, timeout: IDLE_MS, lookup: checkedOnly(addresses) };
    this.#agent = url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
    this.#target = target;
    return this.#agent;
  }

  /** Hangs up. It can be used again. */
  close(): void {
    this.#agent?.destroy();
    this.#agent = null;
  }
}

/** Answers every question for an address with those that were checked, whatever the name servers say by now. */
function checkedOnly(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, { all }, callback) => {
    if (all) callback(null, known);
    else callback(null, known[0]!.address, known[0]!.family);
  };
}
