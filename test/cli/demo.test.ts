import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONVERSATION } from '../../src/cli/demo/conversation.ts';
import { BIN, type Finished, serve, synod, tempDir } from './synod.ts';

/** The conversation alone. */
const firstAct = (output: string) => output.split('\ntwo teams\n')[0]!;
/** What comes after it. */
const secondAct = (output: string) => output.split('\ntwo teams\n')[1]!;

/** The part of the output that belongs to a turn. */
function turnIn(output: string, number: number): string {
  return output.split(/\n\n/).find((part) => part.startsWith(String(number).padStart(2)))!;
}

describe('synod demo', () => {
  let played: Finished;
  beforeAll(async () => {
    played = await new Promise((resolve) => {
      execFile(process.execPath, [BIN, 'demo'], (error, stdout, stderr) =>
        resolve({ code: error ? 1 : 0, stdout, stderr }),
      );
    });
  });

  it('plays to the end and prints the same every time', async () => {
    expect(played).toMatchObject({ code: 0, stderr: '' });
    expect((await synod(['demo'])).stdout).toBe(played.stdout);
  });

  it('fits into a plain terminal of 80 columns', () => {
    expect(Math.max(...played.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(played.stdout).not.toContain('\x1b');
  });

  it('answers the paraphrased question from memory, and no other', () => {
    const fired = CONVERSATION.map((_, index) => index + 1).filter((turn) =>
      turnIn(played.stdout, turn).includes('short-circuit'),
    );
    expect(fired).toEqual([13]);
    expect(turnIn(played.stdout, 13)).toContain('A peristaltic pump.');
  });

  it('sees the change of topic when it happens, confirms it with the next message, and sees no other', () => {
    const turnsWith = (word: string) =>
      CONVERSATION.map((_, index) => index + 1).filter((turn) => turnIn(played.stdout, turn).includes(word));
    expect(turnsWith('drifted')).toEqual([9]);
    expect(turnsWith('confirmed')).toEqual([10]);
  });

  it('shows two teams, each coming together with every feedback', () => {
    for (const team of ['hardware', 'sales']) {
      const lines = [...secondAct(played.stdout).matchAll(new RegExp(`^ {4}${team} +[█·]+ (\\d\\.\\d\\d)$`, 'gm'))];
      const nearness = lines.map(([, cosine]) => Number(cosine));
      expect(nearness).toHaveLength(5);
      expect(nearness).toEqual([...new Set(nearness)].sort());
      expect(nearness[0]).toBeLessThan(0.2);
      expect(nearness[4]).toBeGreaterThan(0.95);
    }
  });

  it('shows how both lose their topic, the region realigns, and the observer reports it', () => {
    const [, first, second, last] = secondAct(played.stdout).split(/\n\n(?=Ana|Cleo|observer)/);
    expect(first).toContain('1 of 2 clusters have voted');
    expect(first).not.toContain('realigns');
    expect(second).toContain('2 of 2 clusters have voted: it realigns');
    expect(last).toMatch(/^observer {4}systemic_drift, severity 1\.00: /);
  });

  it('plays through a running server with a token, and leaves no session there', async () => {
    const dir = await tempDir();
    const [data, key] = [join(dir, 'data'), join(dir, 'key.jwk')];
    const { stdout } = await synod(['token', '--subject', 'alice', '--tier', 'enterprise', '--key', key]);
    const server = await serve(['--data', data, '--key', key, '--rate-limit', 'off']);
    const refused = await synod(['demo', '--target', server.url]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: `synod: ${server.url} wants a token it knows; give one with --token\n`,
    });
    const { code, stdout: output } = await synod(['demo', '--target', server.url, '--token', stdout.trim()]);
    expect(code).toBe(0);
    // The teams play on a server of the demo's own: an observer would stay.
    expect(output.split('\n').slice(1)).toEqual(firstAct(played.stdout).split('\n').slice(1));
    await server.stop();
    const survey = JSON.parse((await synod(['inspect', '--data', data, '--json'])).stdout) as {
      kinds: { actors: number }[];
    };
    expect(survey.kinds.filter(({ actors }) => actors > 0)).toEqual([]);
  });

  it('says in one line that nobody is there', async () => {
    const { code, stderr } = await synod(['demo', '--target', 'http://127.0.0.1:1']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^synod: http:\/\/127\.0\.0\.1:1 does not answer: .*\n$/),
    });
  });
});
