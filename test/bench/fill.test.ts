import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fillStore, TENANT } from '../../bench/server/fill.ts';
import { createSynod } from '../../src/synod.ts';
import { tempDir } from '../cli/synod.ts';

describe('a filled store', () => {
  it('has sessions that are as full as asked for and go on as if they had lived', async () => {
    const data = join(await tempDir(), 'data');
    const ids = await fillStore({ data, sessions: 6, memories: 20, wordsPerMessage: 5 });
    expect(ids).toHaveLength(6);
    const synod = await createSynod({ data, tenant: TENANT });
    onTestFinished(() => synod.close());
    for (const id of [ids[0]!, ids[5]!]) {
      const { total_memories } = (await synod.call('session.metrics', { path: { id } })) as { total_memories: number };
      expect(total_memories).toBe(20);
      const run = (await synod.call('session.run', { body: { session_id: id, message: 'alpha bravo?' } })) as {
        recalled: unknown[];
      };
      expect(run.recalled.length).toBeGreaterThan(0);
      await synod.call('session.store', { body: { session_id: id, response: 'one more' } });
    }
    await synod.call('session.delete', { path: { id: ids[1]! } });
  });
});
