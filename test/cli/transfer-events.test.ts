/** Events and signals through export and import, and data of the time before there were any. */
import { join } from 'node:path';
import { open } from 'lmdb';
import { expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { auditIndex } from '../environment/audit.ts';
import { fill, post, serve, synod, tempDir } from './synod.ts';

const event = (type: string, payload: object, more: object = {}) => ({
  type,
  scope: 'carried',
  trace_id: 'trace',
  agent_id: 'agent',
  payload,
  ...more,
});

it('carries events, signals and the rows that find them over to another directory', async () => {
  const dir = await tempDir();
  const [data, copy, file] = [join(dir, 'data'), join(dir, 'copy'), join(dir, 'bundle.jsonl')];
  const first = await serve(['--data', data, '--allow-anonymous']);
  const proposal = await post(`${first.url}/api/events`, event('proposal', { action: 'a' }));
  await post(`${first.url}/api/events`, event('reward', { value: 0.1 }, { parent_ids: [proposal.id], scope: 'far' }));
  await post(`${first.url}/api/events`, event('test', { note: 'no action' }));
  const get = async (url: string) => (await (await fetch(url)).json()) as { id: string }[];
  const look = async (url: string) => ({
    events: await get(`${url}/api/events`),
    trace: await get(`${url}/api/events/trace/trace`),
    signals: (await get(`${url}/api/signals`)).map(({ id }) => id),
  });
  const seen = await look(first.url);
  expect(seen.events).toHaveLength(3);
  expect(seen.signals).toHaveLength(1);
  await first.stop();
  expect((await synod(['export', '--data', data, '--out', file])).code).toBe(0);
  expect((await synod(['import', '--data', copy, '--in', file])).code).toBe(0);
  expect((await synod(['inspect', '--data', copy, '--verify'])).code).toBe(0);
  const second = await serve(['--data', copy, '--allow-anonymous']);
  expect(await look(second.url)).toEqual(seen);
  // An event that names nothing finds its signal by the trace.
  const { id } = await post(`${second.url}/api/events`, event('reward', { value: 0.1 }));
  await second.stop();
  const store = await openStore({ data: copy, readOnly: true });
  expect(auditIndex(store, 'anonymous')).toEqual([]);
  expect([...store.range('index', { prefix: ['anonymous', 'id', String(id)] })]).toHaveLength(1);
  await store.close();
});

it('reads data that has no index yet, and makes one when the first event comes', async () => {
  const data = join(await tempDir(), 'data');
  await fill(data, 1);
  const root = open({ path: data, noSubdir: false, maxDbs: 32, encoding: 'binary', keyEncoding: 'binary' });
  root.openDB({ name: 'index', encoding: 'binary', keyEncoding: 'binary' }).dropSync();
  await root.close();
  for (const more of [[], ['--verify'], ['--json']]) {
    const { code, stderr } = await synod(['inspect', '--data', data, ...more]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
  expect((await synod(['export', '--data', data, '--out', '-'])).code).toBe(0);
  const server = await serve(['--data', data, '--allow-anonymous']);
  expect(await (await fetch(`${server.url}/api/events`)).json()).toEqual([]);
  await post(`${server.url}/api/events`, event('proposal', { action: 'a' }));
  expect(await (await fetch(`${server.url}/api/events`)).json()).toHaveLength(1);
  await server.stop();
});
