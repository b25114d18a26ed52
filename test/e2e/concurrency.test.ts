/** Several agents on one session at once: everybody gets an answer, and every answer finds a question. */
import { describe, expect, it } from 'vitest';
import { marker, serve } from '../support/server.ts';
import { startPeer } from './peer.ts';

describe('agents that share a session', () => {
  it('never hear that they were too slow, and lose nothing', { timeout: 120_000 }, async () => {
    const server = await serve();
    const ada = await server.as('ada');
    const session_id = await ada.create({ memory: { short_term: 5_000 } });
    const marks: string[] = [];
    const answered = () => {
      const mark = marker();
      marks.push(mark);
      return mark;
    };
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let n = 0; n < 5; n++) {
          await ada.run({ session_id, message: `question ${marker()}` });
          await ada.store({ session_id, response: answered() });
          await ada.run({ session_id, message: `question ${marker()}`, response: answered() });
        }
      }),
    );
    const { state_dict } = await ada.export(session_id);
    const texts = (state_dict.memories as { text: string }[]).map(({ text }) => text);
    expect(texts.length).toBe(marks.length);
    for (const mark of marks) expect(texts.filter((text) => text.endsWith(mark)).length, mark).toBe(1);
  });

  it.each([
    ['plainly', {}],
    ['under an idempotency key', { 'idempotency-key': marker() }],
  ])('store the right question when it changed while the answer was embedded, %s', async (_name, headers) => {
    const peer = await startPeer(8);
    const server = await serve({ embedder: { url: peer.url, model: 'm', dimension: 8, apiKey: undefined } });
    const ada = await server.as('ada');
    const session_id = await ada.create();
    await ada.run({ session_id, message: 'first' });
    const gate = peer.hold('Q: first A: answer');
    const storing = ada.post('/v1/store', { session_id, response: 'answer' }, headers);
    await gate.asked;
    await ada.run({ session_id, message: 'second' });
    gate.release();
    const stored = await storing;
    expect([stored.status, stored.text]).toEqual([200, expect.any(String)]);
    const { memories } = await ada.context(session_id);
    expect(memories.map(({ text }) => text)).toEqual(['Q: second A: answer']);
    if ('idempotency-key' in headers) {
      await server.running.runtime.store.commit([
        { op: 'del', table: 'replay', key: ['ada', 'http', headers['idempotency-key']] },
      ]);
      const again = await ada.post('/v1/store', { session_id, response: 'answer' }, headers);
      expect([again.status, again.text]).toEqual([200, stored.text]);
      expect(await ada.metrics(session_id)).toMatchObject({ interaction_count: 1 });
    }
  });
});

describe('clients that leave out what they do not have', () => {
  it('may say so with null', async () => {
    const server = await serve();
    const ada = await server.as('ada');
    const { session_id } = await ada.run({
      message: 'hello',
      session_id: null,
      response: null,
      timestamp: null,
      episode: null,
    });
    const stored = await ada.store({ session_id, response: 'hi', message: null, timestamp: null, episode: null });
    expect(stored).toMatchObject({ stored: true, warning: null });
    const made = await ada.create({
      session_id: null,
      dimension: null,
      template_embedding: null,
      policy_vectors: null,
      memory: null,
    });
    await ada.ok('POST', `/v1/session/${made}/trigger`, { keyword: 'x', embedding: null });
    const isolation = { level: 'FILTER', exclusion_embeddings: null, allowlist_embeddings: null };
    await ada.ok('PUT', `/v1/session/${made}/isolation`, isolation);
  });

  it('are told by the documentation what that is', async () => {
    const server = await serve();
    interface Schema {
      readonly $ref?: string;
      readonly required?: readonly string[];
    }
    interface Documentation {
      readonly paths: Record<string, { post: { requestBody: { content: Record<string, { schema: Schema }> } } }>;
      readonly components: { readonly schemas: Record<string, Schema> };
    }
    const { paths, components } = await server.anonymous.ok<Documentation>('GET', '/openapi.json');
    const required = (path: string) => {
      const { schema } = paths[path]!.post.requestBody.content['application/json']!;
      const whole = schema.$ref ? components.schemas[schema.$ref.split('/').at(-1)!]! : schema;
      return whole.required ?? [];
    };
    expect(required('/v1/run')).toEqual(['message']);
    expect(required('/v1/store')).toEqual(['session_id', 'response']);
    expect(required('/v1/session/create')).toEqual([]);
  });

  it('may send an empty search: it lists everything', async () => {
    const server = await serve();
    const ada = await server.as('ada');
    const id = await ada.create();
    await ada.turn(id, 'q', 'a');
    await ada.ok('POST', `/v1/session/${id}/entities`, { key: 'k', kind: 'path', value: 'v' });
    expect(await ada.ok('GET', `/v1/session/${id}/entities?q=`)).toMatchObject({ total: 1, entities: [{ key: 'k' }] });
    expect(await ada.context(id, { q: '' })).toEqual(await ada.context(id));
  });
});
