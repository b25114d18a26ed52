/** Recall as the operations see it. */
import type { Memory, Trigger } from '../../actors/kinds/session/model.ts';

export interface Query {
  readonly text?: string;
  /** Unit length. Without it (embedder down, or nothing to embed) recall goes on lexically. */
  readonly vector?: Float32Array | Float64Array;
  /** Anchor vectors pull recall towards their domain. */
  readonly anchors?: readonly Float32Array[];
  readonly triggers?: readonly Trigger[];
  readonly topK: number;
}

/** A memory with its score and where the score came from. */
export interface Hit {
  readonly memory: Memory;
  /** In [0, 1]: what the list is ordered by. */
  readonly score: number;
  /** Cosine between query vector and memory in [-1, 1]; null without a query vector. */
  readonly cosine: number | null;
  readonly parts: {
    /** BM25 of the memory itself, scaled to [0, 1] over this session. */
    readonly lexical: number;
    /** What the neighbouring turns and the conversation around it contributed. */
    readonly structure: number;
    readonly vector: number;
    readonly boost: number;
    readonly recency: number;
  };
}

export interface Recalled {
  readonly hits: readonly Hit[];
  /** Largest cosine over ALL memories, at least 0; 0 when there are none or no query vector. */
  readonly topSimilarity: number;
  /** True when the query had a text but no vector. */
  readonly degraded: boolean;
}

export interface Ranker {
  /**
   * Ranks a session's memories.
   *
   * @param key names the session: the index kept for it is brought up to date with `memories`, not rebuilt
   * @param memories all memories of a committed snapshot, oldest first
   */
  rank(key: string, memories: readonly Memory[], query: Query): Recalled;
  /** Forgets the index of a session that was deleted or left memory. */
  forget(key: string): void;
}
