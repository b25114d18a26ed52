/** Lays the demo out on a terminal of 80 columns. */
import { printable } from '../table.ts';
import { CONVERSATION, ENGINEER, RESEARCHER } from './conversation.ts';
import type { Closing, Turn } from './play.ts';

const WIDTH = 80;
/** Column where texts begin. */
export const INDENT = 12;

export type Paint = (style: 'bold' | 'dim' | 'yellow' | 'green', text: string) => string;

const CODES = { bold: [1, 22], dim: [2, 22], yellow: [33, 39], green: [32, 39] } as const;

/** @param colour whether the reader's terminal shows colours */
export function createPaint(colour: boolean): Paint {
  return (style, text) => (colour ? `\x1b[${CODES[style][0]}m${text}\x1b[${CODES[style][1]}m` : text);
}

export function introText(where: string, threshold: number, paint: Paint): string {
  const text =
    `${RESEARCHER}, a researcher, and ${ENGINEER}, an engineer, plan a product in ${CONVERSATION.length} turns. ` +
    'At every question Synod is asked what it remembers. recall: the memory that fits best, with its score. drift: how ' +
    'far the question leads away from the topic. similarity: of the nearest memory; from ' +
    `${threshold.toFixed(2)} on the question counts as answered already.`;
  return `${paint('bold', `synod demo, ${where}`)}\n\n${wrap(text, 0)}\n`;
}

export function turnText(turn: Turn, threshold: number, paint: Paint): string {
  const { number, question, answer, run, recalled, fromMemory } = turn;
  const line = (left: string, text: string) => left.padEnd(INDENT) + wrap(printable(text), INDENT);
  const told = (text: string) =>
    text
      .split('\n')
      .map((part) => paint('dim', part))
      .join('\n');
  const { drift_score: score, drift_phase: phase, drift_confirmed: confirmed } = run;
  const similarity = run.top_similarity.toFixed(2);
  const state = `${phase}${confirmed ? ', confirmed: this is a new topic' : ''}`;
  const drift = `${score.toFixed(2)} ${state}; similarity ${similarity}`;
  return [
    '',
    paint('bold', line(`${String(number).padStart(2)}  ${RESEARCHER}`, question)),
    told(line('    recall', recalled ? memoryText(recalled) : 'nothing fits')),

    phase === 'stable' ? told(line('    drift', drift)) : paint('yellow', line('    drift', drift)),
    ...(run.short_circuit
      ? [
          paint(
            'green',
            line('    reuse', `short-circuit, as ${similarity} ≥ ${threshold.toFixed(2)}: this was answered already`),
          ),
        ]
      : []),
    line(`    ${ENGINEER}`, fromMemory ? `${answer} [from memory]` : answer),
  ].join('\n');
}

function memoryText({ score, turn, text }: NonNullable<Turn['recalled']>): string {
  const head = `${score.toFixed(2)} turn ${turn}: `;
  const space = WIDTH - INDENT - head.length;
  return head + (text.length > space ? `${text.slice(0, space - 1)}…` : text);
}

export function closingText(closing: Closing, paint: Paint): string {
  const { turns, memories, last, contextTokens, transcriptTokens, reused } = closing;
  const saved = (context: number, transcript: number) =>
    `${count(context)} tokens of context, ${count(transcript)} of transcript (${(transcript / context).toFixed(1)}×)`;
  const rows = [
    ['turns', `${turns}, of which ${reused} answered from memory`],
    ['memories', String(memories)],
    ['last turn', saved(last.run.context_tokens, last.transcriptTokens)],
    ['all turns', saved(contextTokens, transcriptTokens)],
  ] as const;
  const lines = rows.map(([name, text]) => `${`  ${name}`.padEnd(INDENT)}${text}`);
  return `\n${paint('bold', 'summary')}\n${lines.join('\n')}\n`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** Breaks at blanks so that no line is longer than the terminal; lines after the first are indented. */
export function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
