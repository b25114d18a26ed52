/** The demo is a client like any other; only its trouble is told in words for whoever typed the command. */
import { AppError } from '../../../actors/errors.ts';
import { type Client, type ClientOptions, createClient, SynodError } from '../../client/index.ts';

/** Longer than any answer of a healthy server takes; nobody who watches wants to see it tried again. */
const PATIENCE = { deadlineMs: 15_000, retries: 0 } satisfies ClientOptions;

/** @throws AppError UNAUTHENTICATED, UNAVAILABLE when the play could not go on */
export async function withClient<T>(
  url: string,
  token: string | undefined,
  play: (client: Client) => Promise<T>,
): Promise<T> {
  const client = createClient(url, { ...PATIENCE, ...(token === undefined ? {} : { token }) });
  try {
    return await play(client);
  } catch (error) {
    throw error instanceof SynodError ? inWords(error, client.url) : error;
  }
}

/** What went wrong, for whoever typed the command. */
export function inWords(error: SynodError, url: string): AppError {
  if (error.status === 0) return new AppError('UNAVAILABLE', error.message, { cause: error });
  if (error.status === 401) {
    return new AppError('UNAUTHENTICATED', `${url} wants a token it knows; give one with --token`, { cause: error });
  }
  return new AppError('UNAVAILABLE', `${url} answered ${error.status}: ${error.message}`, { cause: error });
}
