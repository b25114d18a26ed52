/** What the disk can do to a server, and what its callers see of it. */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { Client } from '../support/client.ts';
import { spawnServer } from '../support/process.ts';
import { marker, tempDir } from '../support/server.ts';
import { SMALL_DISKS } from '../support/small-disk.ts';

/** Some 8 KiB a turn: the disk is full long before. */
const MOST_TURNS = 2_000;

describe('a full disk', () => {
  it.each(SMALL_DISKS)(
    'because %s: 503, red, nothing acknowledged is lost, well again when there is room',
    async (_why, small) => {
      const { data, options, grow } = await small();
      const server = await spawnServer(data, [], options);
      const client = new Client(server.url, {});
      const id = await client.create({ memory: { short_term: 5_000 } });
      const acknowledged: string[] = [];
      const turn = (mark: string) => ({ session_id: id, message: `about ${mark}`, response: `the truth of ${mark}` });
      let refusal = await client.post('/v1/store', turn('first'));
      for (let i = 0; i < MOST_TURNS && refusal.status === 200; i++) {
        const mark = marker();
        refusal = await client.post('/v1/store', turn(mark));
        if (refusal.status === 200) acknowledged.push(mark);
      }
      expect(refusal).toMatchObject({ status: 503, body: { detail: expect.stringContaining('store') } });
      expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect((await client.get('/v1/readyz')).status).toBe(503);
      // Reading needs no room.
      const total = () => client.ok<{ total_memories: number }>('GET', `/v1/metrics/${id}`);
      expect((await total()).total_memories).toBe(acknowledged.length + 1);

      // It says why, and stays red while nothing is asked of it.
      const { checks } = (await client.get<{ checks: Record<string, string> }>('/v1/readyz')).body;
      expect(checks.database).toBe('the store does not take commits');
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect((await client.get('/v1/readyz')).status).toBe(503);
      expect((await client.get('/v1/health')).status).toBe(200);

      grow(server);
      await expect.poll(async () => (await client.get('/v1/readyz')).status, { timeout: 20_000 }).toBe(200);
      const late = marker();
      await client.store(turn(late));
      expect(await server.stop()).toBe(0);

      const again = await spawnServer(data, [], options.prefix ? { prefix: options.prefix } : {});
      const { state_dict } = await new Client(again.url, {}).ok<{ state_dict: { memories: { text: string }[] } }>(
        'GET',
        `/v1/session/${id}/export`,
      );
      const texts = state_dict.memories.map(({ text }) => text);
      expect(texts).toEqual(['first', ...acknowledged, late].map((mark) => `Q: about ${mark} A: the truth of ${mark}`));
      expect(await again.stop()).toBe(0);
    },
  );
});

describe('damaged data', () => {
  it('takes only the session it belongs to out of service, and says so', async () => {
    const data = await tempDir();
    const first = await spawnServer(data);
    const client = new Client(first.url, {});
    const [whole, broken] = [await client.create(), await client.create()];
    for (const id of [whole, broken]) await client.store({ session_id: id, message: 'Which port?', response: '8080.' });
    await first.stop();

    const store = await openStore({ data });
    const key = ['anonymous', 'session', broken, 2];
    const row = Uint8Array.from(store.get('event', key)!);
    row[row.length >> 1]! ^= 1;
    await store.commit([{ op: 'put', table: 'event', key, value: row }]);
    await store.close();

    const second = await spawnServer(data);
    const after = new Client(second.url, {});
    expect((await after.run({ session_id: whole, message: 'Which port?' })).context).toContain('8080.');
    for (const path of [`/v1/metrics/${broken}`, `/v1/session/${broken}/export`]) {
      expect(await after.get(path)).toMatchObject({ status: 503, body: { detail: expect.any(String) } });
    }
    const write = await after.post('/v1/store', { session_id: broken, response: 'more' });
    expect(write.status).toBe(503);
    expect((await after.get('/v1/readyz')).status).toBe(200);
    await second.stop();
  });

  it('is refused as a whole, with one clear line, when the file was cut off', async () => {
    const data = await tempDir();
    const first = await spawnServer(data);
    await new Client(first.url, {}).create();
    await first.stop();
    truncateSync(join(data, 'data.mdb'), 5_000);
    await expect(spawnServer(data)).rejects.toThrow(/ended with 1 before it listened: synod: .*data\.mdb[^\n]*\n$/);
  });
});
