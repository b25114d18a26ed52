import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/operations/index.ts';
import { openSynod, temporaryDirectory } from './machines.ts';

describe('session', () => {
  it('remembers what it was told, across a restart', async () => {
    const data = temporaryDirectory();
    const before = await openSynod({ data });
    const session = await before.session('ada');
    await session.run('Which port does the server use?');
    const { stored } = await session.store('It listens on port 8080.');
    expect(stored).toBe(true);
    await before.close();

    const after = await openSynod({ data });
    const again = await after.session('ada');
    const { context, recalled } = await again.run('On which port does the server listen?');
    expect(context).toContain('It listens on port 8080.');
    expect(recalled).toHaveLength(1);
    expect((await again.metrics()).total_memories).toBe(1);
  });

  it('looks memories up with options as numbers and booleans', async () => {
    const session = await (await openSynod()).session('ada');
    await session.store('It listens on port 8080.', { message: 'Which port?', episode: 'setup' });
    const { memories } = await session.context('port', { top_k: 3, explain: true, full_first: false });
    expect(memories[0]).toMatchObject({ tier: 'short_term', explain: { lexical: expect.any(Number) } });
  });

  it('keeps exact names and values, and forgets them', async () => {
    const session = await (await openSynod()).session('ada');
    await session.remember('src/a.ts/PORT', '8080');
    expect((await session.run('What is src/a.ts/PORT?')).context).toContain('8080');
    expect(await session.forget('src/a.ts/PORT')).toBe(true);
    expect(await session.forget('src/a.ts/PORT')).toBe(false);
  });

  it('hands its state out with a checksum, and leaves', async () => {
    const synod = await openSynod();
    const session = await synod.session('ada');
    expect((await session.export()).checksum).toMatch(/^[0-9a-f]{64}$/);
    await session.remove();
    await session.remove();
    await expect(session.metrics()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('stores once under an idempotency key', async () => {
    const session = await (await openSynod()).session('ada');
    const once = () => session.store('Port 8080.', { message: 'Which port?', idempotencyKey: 'k' });
    expect(await once()).toEqual(await once());
    expect((await session.metrics()).interaction_count).toBe(1);
  });

  it('answers as the REST reference says', async () => {
    const session = await (await openSynod()).session('ada');
    const outputs: Record<string, unknown> = {
      'session.store': await session.store('Port 8080.', { message: 'Which port?' }),
      'session.run': await session.run('Which port?'),
      'session.context': await session.context('port', { explain: true }),
      'session.metrics': await session.metrics(),
      'session.export': { session_id: 'ada', ...(await session.export()) },
    };
    for (const [name, output] of Object.entries(outputs)) {
      const operation = OPERATIONS.find((candidate) => candidate.name === name);
      expect(operation?.output.safeParse(output).error, name).toBeUndefined();
    }
  });
});

describe('call', () => {
  it('says what is wrong with an input, field by field', async () => {
    const synod = await openSynod();
    await expect(synod.call('session.run', { body: { message: '' } })).rejects.toMatchObject({
      code: 'INVALID',
      details: [{ loc: ['body', 'message'] }],
    });
  });

  it('knows no other operations than the list has', async () => {
    const synod = await openSynod();
    await expect(synod.call('session.explode')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gives the body of answers with a status of their own', async () => {
    const synod = await openSynod();
    expect(await synod.call('ready')).toMatchObject({ status: 'ready' });
    expect(await synod.call('metrics')).toContain('synod_sessions');
  });

  it('sees only its own tenant', async () => {
    const data = temporaryDirectory();
    const ada = await openSynod({ data, tenant: 'ada' });
    await ada.session('s');
    await ada.close();
    const bob = await openSynod({ data, tenant: 'bob' });
    await expect(bob.call('session.metrics', { path: { id: 's' } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
