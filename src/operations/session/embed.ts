/** Texts to vectors for a session, with an eye on which embedder its vectors came from. */
import { AppError } from '../../../actors/errors.ts';
import type { SessionContext } from '../../../actors/kinds/session/model.ts';
import type { EmbeddingRole } from '../../embedding/embedder.ts';
import type { Context } from '../operation.ts';

/** Vectors of different embedders are never compared. */
export function speaksSameVectors({ services }: Context, session: SessionContext): boolean {
  return session.config.embedder === services.embedder.id;
}

/**
 * Vectors to be stored.
 *
 * @throws AppError CONFLICT when the session's vectors come from another embedder
 * @throws AppError EMBEDDER_FAILED: nothing is stored without its vector, the client may try again
 */
export async function embedForStore(
  context: Context,
  session: SessionContext,
  texts: readonly string[],
): Promise<Float32Array[]> {
  const { embedder } = context.services;
  if (!speaksSameVectors(context, session)) {
    throw new AppError(
      'CONFLICT',
      `the session holds vectors of embedder "${session.config.embedder}", this server embeds with "${embedder.id}"`,
    );
  }
  return await embedder.embed(texts, 'document');
}

/** A vector to look with, or null when there is none to be had: recall then goes on lexically. */
export async function embedForRecall(
  context: Context,
  session: Pick<SessionContext, 'config'>,
  text: string,
  role: EmbeddingRole,
): Promise<Float32Array | null> {
  const { embedder } = context.services;
  if (session.config.embedder !== embedder.id) return null;
  try {
    const [vector] = await embedder.embed([text], role);
    return vector ?? null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'EMBEDDER_FAILED') return null;
    throw error;
  }
}
