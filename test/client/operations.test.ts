import { describe, expect, expectTypeOf, it } from 'vitest';
import { createClient, type Input, type Output, SynodError } from '../../src/client/index.ts';
import { serve, serveAnonymous } from '../support/server.ts';

describe('the client', () => {
  it('calls operations as methods, with the types of their schemas', async () => {
    const { url } = await serveAnonymous();
    const client = createClient(url);
    const { session_id } = await client.session.create();
    await client.session.run({ session_id, message: 'Which embedder did we pick?' });
    const stored = await client.session.store({ session_id, response: 'mpnet, 768 dimensions.' });
    const { recalled, context } = await client.session.run({ session_id, message: 'Which embedder was it?' });
    const memory = await client.session.memory({ id: session_id, memory_hash: recalled[0]!.memory_hash });
    expect(context).toContain('mpnet');
    expect(memory.memory_hash).toBe(stored.memory_hash);

    expectTypeOf(stored.memory_hash).toEqualTypeOf<string | null>();
    expectTypeOf(recalled).toEqualTypeOf<{ memory_hash: string; score: number }[]>();
    expectTypeOf<Input<'session.run'>['message']>().toEqualTypeOf<string>();
    expectTypeOf<Input<'session.context'>['full_first']>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Output<'observer.anomalies'>[number]['status']>().toEqualTypeOf<'open' | 'closed'>();
    expectTypeOf(client.session.run).parameter(0).toEqualTypeOf<Input<'session.run'>>();
    expectTypeOf(client.cluster.list).toBeCallableWith();
    expectTypeOf<Input<'session.run'>>().not.toExtend<{ nonsense: unknown }>();
  });

  it('calls the same by name', async () => {
    const { url } = await serveAnonymous();
    const client = createClient(url);
    const { cluster_id } = await client.call('cluster.create', { name: 'team', coupling_factor: 0.5 });
    const [only] = await client.call('cluster.list');
    expect(only).toMatchObject({ cluster_id, coupling_factor: 0.5 });
    expectTypeOf(only!.name).toEqualTypeOf<string>();
    await expect(client.call('cluster.paint' as 'cluster.list')).rejects.toThrow(
      new TypeError('there is no operation "cluster.paint"'),
    );
  });

  it('puts every part of an input where it belongs, whatever it contains', async () => {
    const { url } = await serveAnonymous();
    const client = createClient(url);
    const id = 'a/b?c=%41#é ';
    await client.session.create({ session_id: id });
    await client.session.entity.put({ id, key: 'src/main.ts', kind: 'path', value: '/x y' });
    const { entities } = await client.session.entity.list({ id, q: 'main & x=y', max_results: 5 });
    expect(entities.map(({ key }) => key)).toEqual(['src/main.ts']);
    const { memories } = await client.session.context({ session_id: id, full_first: true, explain: false });
    expect(memories).toEqual([]);
    await client.session.entity.remove({ id, key: 'src/main.ts' });
    await client.session.delete({ id });
    await expect(client.session.metrics({ id })).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });

  it.each(['.', '..', ''])('refuses the id "%s", which no path can carry', async (id) => {
    const client = createClient('http://127.0.0.1:9');
    await expect(client.session.metrics({ id })).rejects.toThrow(TypeError);
  });

  it('has methods below methods', async () => {
    const { url } = await serveAnonymous();
    const client = createClient(url);
    await client.observer.create();
    expect(await client.observer.anomalies({ limit: 3 })).toEqual([]);
    expect(await client.observer.anomalies.clear()).toMatchObject({ cleared: 0 });
  });

  it('shows a token, also one that is made anew for every request', async () => {
    const server = await serve();
    const { authorization } = (await server.as('ada')).headers;
    const token = authorization!.replace('Bearer ', '');
    let asked = 0;
    const client = createClient(`${server.url}/`, {
      token: async () => {
        asked++;
        return token;
      },
    });
    await client.session.create({ session_id: 'mine' });
    expect((await createClient(server.url, { token }).session.metrics({ id: 'mine' })).session_id).toBe('mine');
    expect(asked).toBe(1);
    await expect(createClient(server.url).session.metrics({ id: 'mine' })).rejects.toMatchObject({ status: 401 });
  });

  it('reads a text as a text', async () => {
    const { url, config } = await serve({ metricsUser: 'prom', metricsPassword: 'secret' });
    expect(config.metricsUser).toBe('prom');
    const authorization = `Basic ${btoa('prom:secret')}`;
    expect(await createClient(url).metrics({}, { headers: { authorization } })).toContain('# HELP');
  });

  it('wants a URL', () => {
    expect(() => createClient('localhost')).toThrow(TypeError);
    expect(() => createClient('ftp://localhost')).toThrow(new TypeError('"ftp://localhost" is no http or https URL'));
  });

  it('tells what the server did not like, with its code', async () => {
    const { url } = await serveAnonymous();
    const refused = createClient(url).session.run({ message: '' });
    await expect(refused).rejects.toBeInstanceOf(SynodError);
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID',
      status: 422,
      retry: false,
      details: [{ loc: ['body', 'message'] }],
      requestId: expect.stringMatching(/^[\w-]{36}$/),
    });
  });
});
