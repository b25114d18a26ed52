import { describe, expect, it } from 'vitest';
import { launchSynod, serve, synod, tempDir } from '../cli/synod.ts';

describe('synod demo ants', () => {
  it('ends by itself and tells what was found, on a plain terminal of 80 columns', async () => {
    const { code, stdout, stderr } = await synod(['demo', 'ants', '--tours', '300', '--seed', '2']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe('synod demo ants, on a server of its own in memory');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\x1b');
    expect(stdout).toMatch(/^ {3}tours {4}best {2}too long {4}events {3}seconds$/m);
    expect(stdout).toMatch(/^ {5}300 +\d{3} +\d+\.\d % +[\d,]+ +\d+\.\d$/m);
    const [, summary] = stdout.split('\nsummary\n') as [string, string];
    const names = summary
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(2, 12).trim());
    expect(names.filter((name) => name !== '')).toEqual(['best', 'tours', 'events', 'requests', 'signals']);
    expect(summary).toMatch(/^ {2}best {6}\d{3}, announced by ant-\d+: \d+\.\d % longer than the shortest$/m);
    expect(summary).toMatch(/^ {2}tours {5}300 by 10 ants in \d+\.\d s$/m);
  });

  it('tells what it has when it is interrupted', async () => {
    const { child, ended } = launchSynod(['demo', 'ants']);
    await new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()));
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toMatch(/\nsummary\n|\nno tour was finished\n$/);
  });

  it('plays on a running server, in a scope of its own each time', async () => {
    const server = await serve(['--data', await tempDir(), '--allow-anonymous']);
    const play = () => synod(['demo', 'ants', '--tours', '20', '--target', server.url]);
    expect((await play()).stdout).toContain(`synod demo ants, on ${server.url}\n`);
    expect((await play()).code).toBe(0);
    const signals = (await (await fetch(`${server.url}/api/signals`)).json()) as { scope: string }[];
    const scopes = new Set(signals.map(({ scope }) => scope).filter((scope) => !scope.endsWith('.tours')));
    expect([...scopes]).toEqual([
      expect.stringMatching(/^tsp\.eil51\.[0-9a-f]{8}$/),
      expect.stringMatching(/^tsp\.eil51\.[0-9a-f]{8}$/),
    ]);
  });

  it('says in one line that nobody is there', async () => {
    const { code, stderr } = await synod(['demo', 'ants', '--target', 'http://127.0.0.1:1']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^synod: http:\/\/127\.0\.0\.1:1 does not answer: .*\n$/),
    });
  });

  it('knows no other play', async () => {
    for (const words of [['bees'], ['ants', 'bees']]) {
      const { code, stderr } = await synod(['demo', ...words]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: 'synod: synod demo takes no "bees"; see synod help demo\n' });
    }
  });
});
