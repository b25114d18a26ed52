/**
 * `synod demo`: two agents talk, and one sees what a session remembers, when it drifts and what it knows already; then two
 * teams come together, lose their topic, and the observer sees it. `synod demo ants`: ten agents find a short round trip
 * through 51 cities with nothing but events and signals.
 */
import type { Client } from '../client/index.ts';
import { text, whole } from '../parsers.ts';
import { type RunningServer, startServer } from '../server.ts';
import { loadConfig } from '../settings.ts';
import { TOURS } from './demo/ants/colony.ts';
import { playAnts } from './demo/ants/play.ts';
import { withClient } from './demo/client.ts';
import { CONVERSATION } from './demo/conversation.ts';
import { play } from './demo/play.ts';
import { closingText, createPaint, introText, type Paint, turnText } from './demo/screen.ts';
import { playTeams } from './demo/teams.ts';
import { anomalyText, driftText, nearnessText, teamsIntro } from './demo/teams-screen.ts';
import { TEAMS } from './demo/teams-script.ts';
import { type Command, type Options, UsageError } from './options.ts';

/**
 * The server's own default is 0.85, which fits trained embedders. The built-in one compares words: here other
 * questions of the same topic reach 0.51 with a stored pair of question and answer, and the paraphrase 0.68.
 */
const THRESHOLD = 0.6;

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const demo: Command = {
  summary: 'Plays a conversation of two agents, and two teams in a region, through a server; or ants that find a way.',
  operands: '[ants]',
  options: [
    {
      name: 'target',
      value: 'URL',
      help: 'A running server, for the conversation or the ants; absent: one of its own, in memory.',
      parse: httpUrl,
    },
    { name: 'token', value: 'TOKEN', help: 'For that server.', parse: text, secret: true },
    {
      name: 'seed',
      value: 'N',
      help: 'By which the ants choose; what they find also depends on who is faster.',
      default: '1',
      parse: whole(0, 1_000_000),
    },
    {
      name: 'tours',
      value: 'N',
      help: 'Of all ants together.',
      default: String(TOURS),
      parse: whole(10, 10_000_000),
    },
  ],
  run: async ({ options, operands, env }) => {
    const [name, ...others] = operands;
    if (others.length > 0 || (name !== undefined && name !== 'ants')) {
      throw new UsageError(`synod demo takes no "${others[0] ?? name}"; see synod help demo`);
    }
    const { target } = options as { target?: string };
    const server = target === undefined ? await embedded() : undefined;
    const where = target === undefined ? 'on a server of its own in memory' : `on ${target}`;
    const stage = { url: target ?? server!.url, where, own: server !== undefined };
    try {
      const paint = createPaint(process.stdout.isTTY === true && !env.NO_COLOR);
      return await (name === 'ants' ? ants : conversation)(stage, options, paint);
    } finally {
      await server?.close();
    }
  },
};

/** Where a play takes place. */
interface Stage {
  readonly url: string;
  /** In words. */
  readonly where: string;
  /** Nobody else is there. */
  readonly own: boolean;
}

async function conversation({ url, where, own }: Stage, options: Options, paint: Paint): Promise<number> {
  process.stdout.write(introText(where, THRESHOLD, paint));
  await withClient(url, options.token as string | undefined, async (client) => {
    const closing = await play(client, CONVERSATION, THRESHOLD, (turn) => {
      process.stdout.write(`${turnText(turn, THRESHOLD, paint)}\n`);
    });
    process.stdout.write(closingText(closing, paint));
    // An observer is one per caller and stays, so the teams play where nobody else is.
    if (own) await teams(client, paint);
  });
  return 0;
}

function ants({ url, where, own }: Stage, options: Options, paint: Paint): Promise<number> {
  const { token, seed, tours } = options as { token?: string; seed: string; tours: string };
  const say = (text: string) => void process.stdout.write(text);
  const given = { seed: Number(seed), tours: Number(tours) };
  return playAnts({ server: url, token, where, shared: !own, ...given }, say, paint);
}

async function teams(client: Client, paint: Paint): Promise<void> {
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  process.stdout.write(teamsIntro(paint));
  await playTeams(client, TEAMS, {
    feedback: (round, nearness) => say(nearnessText(round, nearness, paint)),
    drift: (drifted) => say(driftText(drifted, paint)),
    anomaly: (reported) => say(anomalyText(reported, paint)),
  });
}

function embedded(): Promise<RunningServer> {
  const options = { host: '127.0.0.1', port: '0', data: ':memory:', 'allow-anonymous': true };
  // Without the environment: what a variable sets up for the real server must not change the play.
  return startServer(loadConfig(options, {}), SILENT);
}

function httpUrl(value: string): void {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new Error('an http or https URL');
}
