/**
 * Why a connection for events was not let in.
 *
 * A browser's WebSocket tells nothing but that it failed, and Node's own is no better; so the same server is asked the same
 * over HTTP, and answers with its reason. The package `ws` tells the status: then that counts, and the answer explains it.
 */
import { codeOf, SynodError } from './error.ts';

/** An `error` of a WebSocket, as far as it tells. */
export interface SocketTrouble {
  readonly message?: unknown;
  readonly error?: unknown;
}

export interface Failure {
  readonly error: SynodError;
  /** Whether the next connection would fail the same way. */
  readonly lasting: boolean;
}

/** Refused would be the next one, too; 429 and the server's own faults (5xx) pass. */
const LASTING: ReadonlySet<number> = new Set([401, 402, 403, 404]);

/** Whether nobody answered, so that there is nobody to ask either. Only Node tells: `ECONNREFUSED`. */
export function isUnreachable(trouble: SocketTrouble): boolean {
  return systemCode(trouble) !== undefined;
}

/**
 * @param answer what the server says to a request with the same token; null: yes, or nothing
 * @param tokenChanges the next connection may bring another token
 */
export function failureOf(trouble: SocketTrouble, answer: SynodError | null, tokenChanges: boolean): Failure {
  const said = answer !== null && answer.status >= 400 ? answer : null;
  const status = handshakeStatus(trouble) ?? said?.status;
  if (status === undefined) return { error: networkError(trouble), lasting: false };
  const confirmed = said?.status === status;
  const message = `the server refuses the connection for events with ${status}`;
  const error = confirmed ? said : new SynodError(codeOf(undefined, status), message, { status, cause: trouble.error });
  // A token that was renewed between the connection and the request.
  const renewed = tokenChanges && !confirmed && (status === 401 || status === 402);
  return { error, lasting: LASTING.has(status) && !renewed };
}

/** A browser tells no reason, and Node an empty one where it tried several addresses. */
export function networkError(trouble: SocketTrouble): SynodError {
  const { message, error: cause } = trouble;
  const text = typeof message === 'string' && message !== '' ? message : undefined;
  return new SynodError('NETWORK', text ?? systemCode(trouble) ?? 'the connection failed', { status: 0, cause });
}

function systemCode({ error }: SocketTrouble): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** As the package `ws` words it. */
function handshakeStatus({ message }: SocketTrouble): number | undefined {
  const status = Number(/^Unexpected server response: ([45]\d\d)$/.exec(String(message))?.[1]);
  return Number.isNaN(status) ? undefined : status;
}
