/**
 * The sessions of a soak: each is created, used, left alone until it has left memory, read and used again, left alone
 * again, read, deleted, and asked for once more.
 *
 * V1  A session has at most one request under way.
 * V2  What a store acknowledged must be there at every later reading, once; what was sent and not acknowledged may be.
 * V3  Nothing begins after the end; all of it is over when {@link liveAll} returns.
 */
import type { Answer, Client } from '../load/client.ts';
import type { Samples } from '../load/users.ts';
import { between, createRandom, messageOf } from '../load/words.ts';
import type { SoakPlan } from './plan.ts';

export const STEPS = ['create', 'run', 'store', 'read', 'delete'] as const;
export type Step = (typeof STEPS)[number];

export interface Lives {
  readonly seconds: number;
  readonly created: number;
  /** Used again after the first rest. */
  readonly usedAgain: number;
  readonly deleted: number;
  /** Sessions that began later than planned, since too many were under way. */
  readonly late: number;
  readonly requests: number;
  readonly samples: Readonly<Record<Step, Samples>>;
  /** By step and status: `run 503`. */
  readonly errors: Readonly<Record<string, number>>;
  readonly checks: Checks;
}

/** What the readings came to. */
export interface Checks {
  readonly readings: number;
  /** Acknowledged turns looked for, over all readings. */
  readonly turns: number;
  /** Not found. */
  readonly lost: number;
  /** Found more than once. */
  readonly doubled: number;
  /** Sessions still there after their deletion was acknowledged. */
  readonly undead: number;
}

/** Turns of the first use and of the second, each a run and a store. */
const FIRST_TURNS = [2, 6] as const;
const SECOND_TURNS = [1, 2] as const;
/** As people chat; the load shapes have 200. */
const WORDS = 40;
const TEXTS = 256;
/** After a refusal, before the same session asks for anything again. */
const REFUSED_MS = 200;
/** How much of a memory is read: its mark stands in front. */
const MARK_CHARS = 60;

/** In front of a message, and so in front of the memory it becomes. */
export const markOf = (session: number, turn: number) => `mark-${session}-${turn}`;

/** The marks in the texts of memories, in their order. */
export function marksIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) => /\bmark-\d+-\d+\b/.exec(text)?.[0] ?? []);
}

/** Compares what was acknowledged with what is there (V2). */
export function compare(acknowledged: readonly string[], found: readonly string[]): { lost: number; doubled: number } {
  const times = new Map<string, number>();
  for (const mark of found) times.set(mark, (times.get(mark) ?? 0) + 1);
  const lost = acknowledged.filter((mark) => !times.has(mark)).length;
  return { lost, doubled: [...times.values()].filter((count) => count > 1).length };
}

export async function liveAll(
  client: Client,
  plan: SoakPlan,
  progress: (line: string) => void = () => {},
): Promise<Lives> {
  const random = createRandom(1);
  const texts = Array.from({ length: TEXTS }, () => messageOf(random, WORDS));
  const samples = Object.fromEntries(STEPS.map((step) => [step, { atMs: [], ms: [] }])) as unknown as Record<
    Step,
    Samples
  >;
  const errors: Record<string, number> = {};
  const checks = { readings: 0, turns: 0, lost: 0, doubled: 0, undead: 0 };
  const count = { created: 0, usedAgain: 0, deleted: 0, late: 0, requests: 0 };
  const started = performance.now();
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));

  async function ask(step: Step, expected: string | null, ...call: Parameters<Client['call']>): Promise<Answer> {
    count.requests++;
    const answer = await client.call(...call);
    if (answer.ok || answer.status === expected) {
      samples[step].atMs.push(Math.round(performance.now() - started));
      samples[step].ms.push(answer.ms);
    } else {
      const name = `${step} ${answer.status}`;
      errors[name] = (errors[name] ?? 0) + 1;
      await pause(Math.min(answer.retryMs ?? REFUSED_MS, 1_000));
    }
    return answer;
  }

  async function live(i: number): Promise<void> {
    const random = createRandom(i + 2);
    const { ok, text } = await ask('create', null, 'POST', '/v1/session/create', '{}');
    if (!ok) return;
    count.created++;
    const session = (JSON.parse(text) as { session_id: string }).session_id;
    const acknowledged: string[] = [];
    let turn = 0;
    const use = async (turns: number) => {
      for (const last = turn + turns; turn < last; turn++) {
        const mark = markOf(i, turn);
        const say = () => texts[Math.floor(random() * TEXTS)];
        const run = { session_id: session, message: `${mark} ${say()}` };
        const asked = await ask('run', null, 'POST', '/v1/run', JSON.stringify(run));
        if (!asked.ok) continue;
        const stored = await ask(
          'store',
          null,
          'POST',
          '/v1/store',
          JSON.stringify({ session_id: session, response: say() }),
        );
        if (stored.ok) acknowledged.push(mark);
      }
    };
    const read = async () => {
      const query = new URLSearchParams({ session_id: session, top_k: '100', max_text_chars: String(MARK_CHARS) });
      const answer = await ask('read', null, 'GET', `/v1/state/context?${query}`);
      if (!answer.ok) return;
      const { memories } = JSON.parse(answer.text) as { memories: readonly { text: string }[] };
      const { lost, doubled } = compare(acknowledged, marksIn(memories.map(({ text }) => text)));
      checks.readings++;
      checks.turns += acknowledged.length;
      checks.lost += lost;
      checks.doubled += doubled;
    };
    await use(between(random, FIRST_TURNS));
    await pause(plan.restSeconds * 1_000);
    await read();
    await use(between(random, SECOND_TURNS));
    count.usedAgain++;
    await pause(plan.restSeconds * 1_000);
    await read();
    const removed = await ask('delete', null, 'DELETE', `/v1/session/${session}`);
    if (!removed.ok) return;
    count.deleted++;
    const gone = await ask('read', '404', 'GET', `/v1/state/context?session_id=${session}`);
    if (gone.ok) checks.undead++;
  }

  const underWay = new Set<Promise<void>>();
  const everyMs = (plan.beginUntilSeconds * 1_000) / plan.sessions;
  for (let i = 0; i < plan.sessions; i++) {
    const ahead = started + i * everyMs - performance.now();
    // Timers take a millisecond at least: several sessions begin at once rather than each of them late.
    if (ahead > 1) await pause(ahead);
    if (underWay.size >= plan.maxAtOnce) {
      count.late++;
      await Promise.race(underWay);
    }
    if (performance.now() - started > plan.seconds * 1_000) break;
    const life = live(i).finally(() => underWay.delete(life));
    underWay.add(life);
    if (i % 10 === 0) progress(`${i} of ${plan.sessions} sessions begun, ${count.deleted} deleted`);
  }
  while (underWay.size > 0) {
    progress(`${underWay.size} sessions live to their end, ${count.deleted} deleted`);
    await Promise.race([Promise.all(underWay), pause(500)]);
  }
  return { seconds: (performance.now() - started) / 1_000, ...count, samples, errors, checks };
}
