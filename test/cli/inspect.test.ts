import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { fill, post, serve, synod, tempDir } from './synod.ts';

interface Survey {
  format: number;
  kinds: { kind: string; actors: number }[];
  tenants: { tenant: string; head: number; chain?: { records: number; faults: string[] } }[];
  timers: { set: number; due: number };
  outbox: number;
}

const inspect = async (...args: string[]) => {
  const { code, stdout, stderr } = await synod(['inspect', '--json', ...args]);
  return { code, stderr, found: JSON.parse(stdout || '{}') as Survey };
};

describe('synod inspect', () => {
  it('counts what is there while a server goes on writing', async () => {
    const data = join(await tempDir(), 'data');
    const server = await serve(['--data', data, '--allow-anonymous']);
    const heads: number[] = [];
    for (let round = 1; round <= 2; round++) {
      await post(`${server.url}/v1/run`, { message: `hello ${round}` });
      const { code, found } = await inspect('--data', data, '--verify');
      expect(code).toBe(0);
      const lived = found.kinds.filter(({ actors }) => actors > 0);
      expect(lived).toEqual([expect.objectContaining({ kind: 'session', actors: round })]);
      expect(found.tenants).toEqual([
        expect.objectContaining({ tenant: 'anonymous', chain: expect.objectContaining({ faults: [] }) }),
      ]);
      heads.push(found.tenants[0]!.head);
    }
    expect(heads[1]).toBeGreaterThan(heads[0]!);
    expect((await server.stop()).code).toBe(0);
  });

  it('reads as text', async () => {
    const data = join(await tempDir(), 'data');
    await fill(data, 1);
    const { stdout } = await synod(['inspect', '--data', data, '--verify']);
    expect(stdout).toMatch(/^format +1$/m);
    expect(stdout).toMatch(/^ {2}session +version \d+ +\w+ +1 actors$/m);
    expect(stdout).toMatch(/^ {2}anonymous +log head \d+ +1 session +chain holds over \d+ records$/m);
    expect(stdout).toContain('newest dead letters: none');
  });

  it('shows one tenant only when asked', async () => {
    const data = join(await tempDir(), 'data');
    await fill(data, 1);
    expect((await inspect('--data', data, '--tenant', 'nobody')).found.tenants).toEqual([]);
  });

  it('finds a log that was tampered with, and exits with 1', async () => {
    const data = join(await tempDir(), 'data');
    await fill(data, 2);
    const store = await openStore({ data });
    const value = store.get('log', ['anonymous', 2])!;
    value[40] = value[40]! ^ 1;
    await store.commit([{ op: 'put', table: 'log', key: ['anonymous', 2], value }]);
    await store.close();
    const { code, found } = await inspect('--data', data, '--verify');
    expect(code).toBe(1);
    expect(found.tenants[0]!.chain!.faults[0]).toContain('record 2');
    expect((await synod(['inspect', '--data', data, '--verify'])).stdout).toContain('chain BROKEN');
  });

  it('finds that the end of a log was cut off', async () => {
    const data = join(await tempDir(), 'data');
    const id = await fill(data, 2);
    const store = await openStore({ data });
    const [newest] = store.range('log', { prefix: ['anonymous'], reverse: true, limit: 1 });
    await store.commit([{ op: 'del', table: 'log', key: newest!.key }]);
    await store.close();
    const { code, found } = await inspect('--data', data, '--verify');
    expect(code).toBe(1);
    expect(found.tenants[0]!.chain!.faults).toEqual([expect.stringContaining(`session "${id}"`)]);
  });

  it('finds that a log is gone', async () => {
    const data = join(await tempDir(), 'data');
    await fill(data, 1);
    const store = await openStore({ data });
    await store.commit([{ op: 'clear', table: 'log', prefix: [] }]);
    await store.close();
    expect((await inspect('--data', data, '--verify')).code).toBe(1);
  });

  it('shows an actor and how it got there, without what was said', async () => {
    const data = join(await tempDir(), 'data');
    const id = await fill(data, 2);
    const args = ['inspect', '--data', data, '--actor', `anonymous/session/${id}`];
    const { code, stdout } = await synod(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^revision +\d+$/m);
    expect(stdout).toMatch(/^ +\d+ +\d{4}-\d\d-\d\dT[\d:.]+Z +store/m);
    expect(stdout).not.toContain('secret');
    expect((await synod([...args, '--text'])).stdout).toContain('secret answer number 2');
    const view = JSON.parse((await synod([...args, '--json'])).stdout) as {
      revision: number;
      events: { revision: number }[];
    };
    expect(view.revision).toBe(view.events[0]!.revision);
  });

  it('says in one line what it cannot find', async () => {
    const data = join(await tempDir(), 'data');
    const missing = await synod(['inspect', '--data', data]);
    expect(missing).toEqual({ code: 1, stdout: '', stderr: `synod: data directory ${data} cannot be read: ENOENT\n` });
    await fill(data, 1);
    const { code, stderr } = await synod(['inspect', '--data', data, '--actor', 'anonymous/session/x']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'synod: there is no session "x" of "anonymous"\n' });
  });
});
