/** What the OpenAI-compatible embedder makes of a server’s answer, good or bad. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectDiscreet, failureOf, float32, Peer, send } from './openai-peer.ts';

let peer: Peer;
beforeEach(async () => {
  peer = new Peer();
  await peer.listen();
});
afterEach(() => peer.close());

describe('an answer', () => {
  it('is read from base64 of little-endian float32 and from lists alike, at unit length', async () => {
    // 0x40400000 is 3 and 0x40800000 is 4 in IEEE 754 single precision; least significant byte first.
    const base64 = Buffer.from('0000404000008040', 'hex').toString('base64');
    for (const embedding of [base64, [3, 4], [3e200, 4e200], [3e-200, 4e-200]]) {
      peer.handler = ({ response }) => send(response, { data: [{ index: 0, embedding }] });
      expect(await peer.embedder().embed(['a'], 'document')).toEqual([Float32Array.of(0.6, 0.8)]);
    }
  });

  it('is put in the order of the texts by its index', async () => {
    peer.handler = ({ body, response }) => {
      const data = body.input.map((text, index) => ({ index, embedding: text.split(',').map(Number) }));
      send(response, { data: data.reverse() });
    };
    const vectors = await peer.embedder().embed(['1,0', '0,1', '-1,0'], 'document');
    expect(vectors.map((vector) => [...vector])).toEqual([
      [1, 0],
      [0, 1],
      [-1, 0],
    ]);
  });

  it('is taken as it comes when a server leaves the index out', async () => {
    peer.handler = ({ response }) => send(response, { data: [{ embedding: [1, 0] }, { embedding: [0, 1] }] });
    const vectors = await peer.embedder().embed(['a', 'b'], 'document');
    expect(vectors.map((vector) => [...vector])).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  const bad: readonly (readonly [string, unknown, string])[] = [
    ['not JSON', 'secret text', 'the answer is not JSON'],
    ['null', null, 'the answer has no list "data"'],
    ['without data', { error: 'x' }, 'the answer has no list "data"'],
    ['one vector short', { data: [{ index: 0, embedding: [1, 0] }] }, 'the answer has 1 vectors, 2 wanted'],
    ['an index twice', two({ index: 0 }), 'index 0 comes twice'],
    ['an index beyond', two({ index: 2 }), 'vector 1 has an index that is none, 0 to 1 wanted'],
    ['an index in words', two({ index: '1' }), 'vector 1 has an index that is none'],
    ['another dimension', two({ embedding: [1, 2, 3] }), 'vector 1 has 3 numbers, 2 wanted'],
    ['another dimension in base64', two({ embedding: 'AAAAAA==' }), 'vector 1 has 1 numbers, 2 wanted'],
    ['half a float', two({ embedding: 'AAAA' }), 'vector 1 is neither numbers nor base64'],
    ['words for a vector', two({ embedding: 'secret text' }), 'vector 1 is neither numbers nor base64'],
    ['no vector', two({ embedding: null }), 'vector 1 is neither numbers nor base64'],
    ['no entry', { data: [{ index: 0, embedding: [1, 0] }, null] }, 'vector 1 is neither numbers nor base64'],
    ['a null number', two({ embedding: [1, null] }), 'vector 1 has something that is no finite number'],
    ['NaN in base64', two({ embedding: float32([1, Number.NaN]) }), 'vector 1 has something that is no finite'],
    ['Infinity in base64', two({ embedding: float32([1, Infinity]) }), 'vector 1 has something that is no finite'],
  ];
  for (const [what, answer, message] of bad) {
    it(`is refused and not asked for again: ${what}`, async () => {
      peer.handler = ({ response }) => send(response, answer);
      const error = await failureOf(peer.embedder().embed(['secret text', 'b'], 'document'));
      expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', message: expect.stringContaining(message) });
      expectDiscreet(error);
      expect(peer.asked).toHaveLength(1);
    });
  }
});

function two(second: object): object {
  return {
    data: [
      { index: 0, embedding: [1, 0] },
      { index: 1, embedding: [0, 1], ...second },
    ],
  };
}
