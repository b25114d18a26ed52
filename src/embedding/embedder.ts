/** The embedder port: text to vector. */

/** Asymmetric models encode a question and a passage differently; symmetric ones ignore it. */
export type EmbeddingRole = 'document' | 'query';

export interface Embedder {
  /** Stored with every vector: vectors of different ids are never compared. */
  readonly id: string;
  /** Numbers per vector. */
  readonly dimension: number;
  /**
   * @returns one vector per text, in order: unit length, or all zeros for a text without any content
   * @throws AppError EMBEDDER_FAILED when a remote embedder does not answer
   */
  embed(texts: readonly string[], role: EmbeddingRole): Promise<Float32Array[]>;
  /** Whether it would answer now; a remote one reports its circuit breaker here. */
  healthy(): boolean;
  close(): Promise<void>;
}
