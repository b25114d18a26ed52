/** The context block: what a session puts in front of its agent's next prompt, within a hard token budget. */
import type { Entity } from '../../../actors/kinds/session/model.ts';
import type { Hit } from '../../recall/ranker.ts';

/** Characters of one memory or value in the block; the memory itself can be expanded by its hash. */
const MAX_EXCERPT_CHARS = 500;

export interface BlockInput {
  readonly label: string;
  readonly turn: number;
  readonly memories: number;
  readonly hits: readonly Hit[];
  readonly entities: readonly Entity[];
  /** Hard bound in estimated tokens. */
  readonly budgetTokens: number;
}

export interface Block {
  readonly text: string;
  /** Estimated tokens of the text, at most the budget. */
  readonly tokens: number;
  /** Memories that made it into the block. */
  readonly shown: readonly Hit[];
  readonly entities: readonly Entity[];
}

/** Characters of a run that make a token. */
const LETTERS_PER_TOKEN = 4;
const DIGITS_PER_TOKEN = 3;

/**
 * Estimates how many tokens a language model's tokenizer makes of a text, erring upwards so that a budget holds: four
 * letters or three digits or one mark are a token. On English conversation it gives about a third more than cl100k_base;
 * only strings of random letters come out too low.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let letters = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) {
      if (letters++ % LETTERS_PER_TOKEN === 0) tokens++;
      digits = 0;
      continue;
    }
    letters = 0;
    if (code >= 48 && code <= 57) {
      if (digits++ % DIGITS_PER_TOKEN === 0) tokens++;
      continue;
    }
    digits = 0;
    if (code === 32 || (code >= 9 && code <= 13)) continue;
    if (code < 128) tokens++;
    else {
      const point = text.codePointAt(i)!;
      tokens += beyondAscii(point);
      if (point > 0xffff) i++;
    }
  }
  return tokens;
}

/** Tokens of a character beyond ASCII, by its length in UTF-8: byte-pair vocabularies spell rare ones byte by byte. */
function beyondAscii(point: number): number {
  if (/\s/u.test(String.fromCodePoint(point))) return 0;
  return point < 0x800 ? 1 : point < 0x10000 ? 2 : 4;
}

/** Cuts a text to a number of characters without splitting a surrogate pair. */
export function clip(text: string, chars: number): { readonly text: string; readonly truncated: boolean } {
  if (text.length <= chars) return { text, truncated: false };
  const cut = text.slice(0, Math.max(0, chars - 1)).replace(/[\uD800-\uDBFF]$/, '');
  return { text: `${cut}…`, truncated: true };
}

/**
 * One line per item: a memory must not be able to forge another line of the block. Control characters go too; some, such
 * as NEL and the separators U+001C to U+001E, end a line for readers in other languages.
 */
function oneLine(text: string): string {
  // Most texts are one line already, and looking is cheaper than replacing every blank by itself.
  return (/[^\S ]|\p{Cc}| {2}/u.test(text) ? text.replace(/[\s\p{Cc}]+/gu, ' ') : text).trim();
}

/** The first characters of a text on one line. The rest of a long one need not be looked at. */
function excerpt(text: string): string {
  const start = text.length > 4 * MAX_EXCERPT_CHARS ? oneLine(text.slice(0, 2 * MAX_EXCERPT_CHARS)) : '';
  return clip(start.length > MAX_EXCERPT_CHARS ? start : oneLine(text), MAX_EXCERPT_CHARS).text;
}

export function contextBlock(input: BlockInput): Block {
  const header = `[${input.label} Context | Turn ${input.turn} | ${input.memories} memories]`;
  const lines = [header];
  let tokens = estimateTokens(header);
  const shown: Hit[] = [];
  const title = 'Relevant context:';
  for (const hit of input.hits) {
    // A memory that has nothing to do with the message would only cost tokens.
    if (hit.score <= 0) continue;
    const line = `  ${shown.length + 1}. [${hit.score.toFixed(2)}] ${excerpt(hit.memory.text)}`;
    const cost = estimateTokens(line) + (shown.length === 0 ? estimateTokens(title) : 0);
    if (tokens + cost > input.budgetTokens) continue;
    if (shown.length === 0) lines.push(title);
    lines.push(line);
    tokens += cost;
    shown.push(hit);
  }
  const entities: Entity[] = [];
  const heading = 'Known values:';
  for (const entity of input.entities) {
    const line = `  ${oneLine(entity.key)} (${entity.kind}) = ${excerpt(entity.value)}`;
    const cost = estimateTokens(line) + (entities.length === 0 ? estimateTokens(heading) : 0);
    if (tokens + cost > input.budgetTokens) continue;
    if (entities.length === 0) lines.push(heading);
    lines.push(line);
    tokens += cost;
    entities.push(entity);
  }
  return { text: lines.join('\n'), tokens, shown, entities };
}
