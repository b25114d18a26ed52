import { describe, expect, it, vi } from 'vitest';
import { createHashEmbedder, createSynod } from '../../src/index.ts';
import { loadConfig } from '../../src/settings.ts';
import { configOf, stderrLogger } from '../../src/synod-options.ts';
import { openSynod } from './machines.ts';

describe('options', () => {
  it('are the defaults of the server where nothing is given, but quieter', () => {
    expect(configOf({})).toEqual({ ...loadConfig({}, {}), logLevel: 'warn' });
  });

  it('read the environment only when it is handed over', () => {
    vi.stubEnv('SYNOD_MAILBOX', '7');
    expect(configOf({}).mailbox).toBe(1_024);
    expect(configOf({ env: process.env }).mailbox).toBe(7);
    expect(configOf({ env: process.env, mailbox: 9 }).mailbox).toBe(9);
    vi.unstubAllEnvs();
  });

  it('reach nested settings and lists', () => {
    const config = configOf({ memory: { long_term: 500 }, embedder: { dimension: 64 }, corsOrigins: ['a', 'b'] });
    expect(config.memory).toEqual({ short_term: 15, medium_term: 50, long_term: 500 });
    expect(config.embedder.dimension).toBe(64);
    expect(config.corsOrigins).toEqual(['a', 'b']);
  });

  it.each([[{ mailbox: 0 }], [{ durability: 'sometimes' }], [{ memory: { long_term: -1 } }]])(
    'that cannot be are a TypeError: %j',
    async (options) => {
      await expect(createSynod({ data: ':memory:', ...(options as object) })).rejects.toThrow(
        /^createSynod: .* wanted/,
      );
    },
  );

  it('name a tenant that can be one', async () => {
    await expect(openSynod({ tenant: '' })).rejects.toThrow(/^createSynod: tenant is empty/);
  });

  it('install no handlers of signals or errors', async () => {
    const events = ['SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'exit', 'beforeExit'] as const;
    const count = () => events.map((event) => process.listenerCount(event as 'exit'));
    const before = count();
    await openSynod();
    expect(count()).toEqual(before);
  });

  it('take an embedder of your own', async () => {
    const own = { ...createHashEmbedder({ dimension: 4 }), id: 'mine' };
    const synod = await openSynod({ embedder: own });
    expect(await synod.call('embeddings', { body: { model: 'any', input: 'text' } })).toMatchObject({ model: 'mine' });
  });

  it('log to standard error, from warnings up', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    stderrLogger('warn').warn({ actor: 'a' }, 'careful');
    stderrLogger('error').warn({ actor: 'a' }, 'careful');
    stderrLogger('silent').error({}, 'lost');
    const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)));
    write.mockRestore();
    expect(lines).toMatchObject([{ level: 'warn', actor: 'a', msg: 'careful' }]);
  });
});
