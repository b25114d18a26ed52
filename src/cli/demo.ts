/**
 * `synod demo`: two agents talk, and one sees what a session remembers, when it drifts and what it knows already; then two
 * teams come together, lose their topic, and the observer sees it.
 */
import { text } from '../parsers.ts';
import { type RunningServer, startServer } from '../server.ts';
import { loadConfig } from '../settings.ts';
import { DemoClient } from './demo/client.ts';
import { CONVERSATION } from './demo/conversation.ts';
import { play } from './demo/play.ts';
import { closingText, createPaint, introText, type Paint, turnText } from './demo/screen.ts';
import { playTeams } from './demo/teams.ts';
import { anomalyText, driftText, nearnessText, teamsIntro } from './demo/teams-screen.ts';
import { TEAMS } from './demo/teams-script.ts';
import type { Command } from './options.ts';

/**
 * The server's own default is 0.85, which fits trained embedders. The built-in one compares words: here other
 * questions of the same topic reach 0.51 with a stored pair of question and answer, and the paraphrase 0.68.
 */
const THRESHOLD = 0.6;

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const demo: Command = {
  summary: 'Plays a conversation of two agents, and two teams in a region, through a server.',
  options: [
    {
      name: 'target',
      value: 'URL',
      help: 'A running server, for the conversation; absent: one of its own, in memory.',
      parse: httpUrl,
    },
    { name: 'token', value: 'TOKEN', help: 'For that server.', parse: text, secret: true },
  ],
  run: async ({ options, env }) => {
    const { target, token } = options as { target?: string; token?: string };
    const server = target === undefined ? await embedded() : undefined;
    try {
      const paint = createPaint(process.stdout.isTTY === true && !env.NO_COLOR);
      const where = target === undefined ? 'on a server of its own in memory' : `on ${target}`;
      process.stdout.write(introText(where, THRESHOLD, paint));
      const client = new DemoClient(target ?? server!.url, token);
      const closing = await play(client, CONVERSATION, THRESHOLD, (turn) => {
        process.stdout.write(`${turnText(turn, THRESHOLD, paint)}\n`);
      });
      process.stdout.write(closingText(closing, paint));
      // An observer is one per caller and stays, so the teams play where nobody else is.
      if (server) await teams(client, paint);
    } finally {
      await server?.close();
    }
    return 0;
  },
};

async function teams(client: DemoClient, paint: Paint): Promise<void> {
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
