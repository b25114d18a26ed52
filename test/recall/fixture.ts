/** Memories for recall tests: a text and what differs from an ordinary memory. */
import type { Memory } from '../../actors/kinds/session/model.ts';

export function remember(seq: number, text: string, changes: Partial<Memory> = {}): Memory {
  return {
    hash: `h${seq}`,
    seq,
    text,
    fingerprint: text,
    embedding: new Float32Array(2),
    importance: 0.5,
    access: 0,
    turn: seq,
    used: seq,
    at: seq,
    episode: 0,
    tier: 'short_term',
    ...changes,
  };
}

/** Unit vector in the plane at an angle in degrees, so that cosines can be read off. */
export function at(degrees: number): Float32Array {
  const radians = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(radians), Math.sin(radians));
}

export function textsOf(hits: readonly { readonly memory: Memory }[]): string[] {
  return hits.map(({ memory }) => memory.text);
}
