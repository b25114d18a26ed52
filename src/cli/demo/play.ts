/** Plays the conversation through a server and tells what it answered, turn by turn. */
import type { Client, Output } from '../../client/index.ts';
import { estimateTokens } from '../../operations/session/context-block.ts';
import type { Exchange } from './conversation.ts';

type Run = Output<'session.run'>;

/** Memories asked for per turn. */
const TOP_K = 3;

export interface Turn {
  readonly number: number;
  readonly question: string;
  readonly answer: string;
  /** Whether the answer came out of memory. */
  readonly fromMemory: boolean;
  readonly run: Run;
  /** The best memory and the turn it was stored in; undefined when nothing fits. */
  readonly recalled: { readonly text: string; readonly turn: number; readonly score: number } | undefined;
  /** Estimated tokens of all that was said before this question. */
  readonly transcriptTokens: number;
}

export interface Closing {
  readonly turns: number;
  readonly memories: number;
  readonly last: Turn;
  /** Sums over all turns: what a model would have had to read. */
  readonly contextTokens: number;
  readonly transcriptTokens: number;
  readonly reused: number;
}

/** @param show called after every turn */
export async function play(
  client: Client,
  conversation: readonly Exchange[],
  threshold: number,
  show: (turn: Turn) => void,
): Promise<Closing> {
  const turns: Turn[] = [];
  /** Turn of each memory: where the server counts stored answers, a reader counts questions. */
  const turnOf = new Map<string, number>();
  let session: string | undefined;
  let transcript = '';
  let memories = 0;
  for (const [index, { question, answer }] of conversation.entries()) {
    const run = await client.session.run({
      message: question,
      top_k: TOP_K,
      short_circuit_threshold: threshold,
      ...(session === undefined ? {} : { session_id: session }),
    });
    session = run.session_id;
    const recalled = await best(client, run, turnOf);
    const known = run.short_circuit && recalled ? answerIn(recalled.text) : undefined;
    const fromMemory = known !== undefined;
    const said = known ?? answer ?? 'I do not remember; we have to look it up again.';
    const turn: Turn = {
      number: index + 1,
      question,
      answer: said,
      fromMemory,
      run,
      recalled,
      transcriptTokens: estimateTokens(transcript),
    };
    turns.push(turn);
    show(turn);
    // What came out of memory is there already.
    if (!fromMemory) {
      const stored = await client.session.store({ session_id: session, response: said });
      memories = stored.metrics.total_memories;
      if (stored.memory_hash !== null) turnOf.set(stored.memory_hash, turn.number);
    }
    transcript += `${question}\n${said}\n`;
  }
  if (session !== undefined) await client.session.delete({ id: session });
  const sum = (of: (turn: Turn) => number) => turns.reduce((total, turn) => total + of(turn), 0);
  return {
    turns: turns.length,
    memories,
    last: turns.at(-1)!,
    contextTokens: sum(({ run }) => run.context_tokens),
    transcriptTokens: sum(({ transcriptTokens }) => transcriptTokens),
    reused: turns.filter(({ fromMemory }) => fromMemory).length,
  };
}

async function best(client: Client, run: Run, turnOf: ReadonlyMap<string, number>): Promise<Turn['recalled']> {
  const [first] = run.recalled;
  if (!first) return undefined;
  const { text } = await client.session.memory({ id: run.session_id, memory_hash: first.memory_hash });
  return { text, turn: turnOf.get(first.memory_hash) ?? 0, score: first.score };
}

/** The answer inside a stored exchange, `Q: … A: …`. */
function answerIn(memory: string): string | undefined {
  const at = memory.indexOf(' A: ');
  return at === -1 ? undefined : memory.slice(at + ' A: '.length);
}
