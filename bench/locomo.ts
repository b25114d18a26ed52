/** LoCoMo conversations as memories and questions. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Memory } from '../actors/kinds/session/model.ts';
import type { Embedder } from '../src/embedding/embedder.ts';

interface Turn {
  readonly speaker: string;
  readonly dia_id: string;
  readonly text: string;
  readonly blip_caption?: string;
}

interface Sample {
  readonly sample_id: string;
  readonly conversation: Readonly<Record<string, string | readonly Turn[]>>;
  readonly qa: readonly {
    readonly question: string;
    readonly evidence: readonly string[];
    readonly category: number;
  }[];
}

export interface Question {
  readonly conversation: string;
  readonly category: number;
  readonly text: string;
  readonly vector: Float32Array;
  readonly evidence: readonly string[];
}

export interface Conversation {
  readonly id: string;
  readonly memories: readonly Memory[];
  /** Turn id by `seq`. */
  readonly turnIds: readonly string[];
  readonly questions: readonly Question[];
}

/**
 * Reads conversations; one memory per turn (`Speaker said, "text"`, with the caption of a shared picture), episode =
 * session. Questions that name no evidence are left out; one id string that holds two ids counts as two.
 *
 * @param path a LoCoMo file, a folder of such files, or a folder of such folders named `locomo…`
 * @returns nothing when there is none
 */
export async function readConversations(path: string, embedder: Embedder): Promise<Conversation[]> {
  const samples = findFiles(path).flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as Sample[]);
  const conversations: Conversation[] = [];
  for (const sample of samples) conversations.push(await readConversation(sample, embedder));
  return conversations;
}

async function readConversation(sample: Sample, embedder: Embedder): Promise<Conversation> {
  const id = sample.sample_id;
  const memories: Memory[] = [];
  const turnIds: string[] = [''];
  const sessions = Object.entries(sample.conversation)
    .flatMap(([key, turns]) =>
      typeof turns === 'string' ? [] : [{ session: Number(key.slice('session_'.length)), turns }],
    )
    .sort((a, b) => a.session - b.session);
  for (const { session, turns } of sessions) {
    const at = readTime(String(sample.conversation[`session_${session}_date_time`]));
    const texts = turns.map(({ speaker, text, blip_caption: caption }) =>
      caption ? `${speaker} said, "${text}" and shared ${caption}` : `${speaker} said, "${text}"`,
    );
    const embeddings = await embedder.embed(texts, 'document');
    turns.forEach((turn, index) => {
      const seq = turnIds.push(turn.dia_id) - 1;
      memories.push({
        hash: `${id}:${seq}`,
        seq,
        text: texts[index]!,
        fingerprint: `${id}:${seq}`,
        embedding: embeddings[index]!,
        importance: 0.5,
        access: 0,
        turn: seq,
        used: seq,
        at: at + index,
        episode: session,
        tier: 'long_term',
      });
    });
  }
  const asked = sample.qa
    .map((qa) => ({ ...qa, evidence: [...new Set(qa.evidence.flatMap((ids) => ids.match(/D\d+:\d+/g) ?? []))] }))
    .filter(({ evidence }) => evidence.length > 0);
  const vectors = await embedder.embed(
    asked.map(({ question }) => question),
    'query',
  );
  const questions = asked.map(({ question, evidence, category }, index) => {
    return { conversation: id, category, text: question, vector: vectors[index]!, evidence };
  });
  return { id, memories, turnIds, questions };
}

/** "1:56 pm on 8 May, 2023" as Unix ms, UTC. */
function readTime(text: string): number {
  const [clock, day] = text.split(' on ');
  return Date.parse(`${day} ${clock} UTC`);
}

function findFiles(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return path.includes('locomo') ? [path] : [];
  const names = readdirSync(path).sort();
  const files = names
    .filter((name) => name.startsWith('locomo') && name.endsWith('.json'))
    .map((name) => join(path, name));
  if (files.length > 0) return files;
  return names.filter((name) => name.startsWith('locomo')).flatMap((name) => findFiles(join(path, name)));
}
