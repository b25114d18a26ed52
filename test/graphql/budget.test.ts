/** What the lists of one request may cost together, in entries looked through, whoever asks for however few of them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { encodePointer, keys } from '../../src/environment/index-rows.ts';
import { MAX_ROWS } from '../../src/graphql/budget.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { graphqlFront } from '../../src/ws/graphql.ts';
import { openFront } from '../ws/door.ts';
import type { Result } from './ask.ts';
import { acked, init, type Raw, raw, subscribe } from './raw.ts';

/** Events of the log, of which only the index is looked at. */
const EVENTS = 30_000;
const FIELDS = 20;

let one: Raw;

beforeEach(async () => {
  const store = createMemoryStore();
  const value = encodePointer({ actor: 'a', revision: 1, type: 'proposal', scope: 'a', trace: 't', agent: 'a' });
  const prefix = keys.event('anonymous');
  await store.commit(
    Array.from({ length: EVENTS }, (_, n) => ({ op: 'put', table: 'index', key: [...prefix, n + 1], value })),
  );
  const { url } = await openFront(graphqlFront, store);
  one = await raw(url, {});
  one.send(init());
  await one.until(acked);
});

async function answer(fields: number): Promise<Result> {
  const query = `{ ${Array.from({ length: fields }, (_, n) => `a${n}: events(limit: 1, scope: "zz*.*") { id }`).join(' ')} }`;
  one.send(subscribe(`q${fields}`, query));
  return (await one.until(({ type, id }) => type === 'next' && id === `q${fields}`)).payload as Result;
}

describe('a request that looks through', () => {
  it('as much as it may is answered', async () => {
    expect(await answer(1)).toEqual({ data: { a0: [] } });
    const most = Math.floor(MAX_ROWS / EVENTS);
    expect(Object.keys((await answer(most)).data!)).toHaveLength(most);
  });

  it('more than that in all its lists together is refused with a sentence, and others have had the thread', async () => {
    let turns = 0;
    let watching = true;
    const watch = () => {
      turns++;
      if (watching) setImmediate(watch);
    };
    watch();
    const { data, errors } = await answer(FIELDS);
    watching = false;
    expect(data).toBeNull();
    expect(errors![0]).toMatchObject({
      message: expect.stringMatching(/^The lists of this request look through more than 500000 entries; .*exact scope/),
      extensions: { code: 'TOO_LARGE' },
    });
    // The thread is given away at least every 1,000 entries.
    expect(turns).toBeGreaterThan(MAX_ROWS / 1_000);
  });
});
