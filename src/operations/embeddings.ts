/** `POST /v1/embeddings`: the server's own embedder behind the interface every client library speaks. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../../actors/errors.ts';
import { operation } from './operation.ts';
import { estimateTokens } from './session/context-block.ts';

/** Inputs of one request; what the original service allows. */
const MAX_INPUTS = 2_048;
/** Characters embedded before others get their turn: the built-in embedder takes about 50 ms for them. */
const PIECE_CHARS = 65_536;

const input = z.string().max(65_536);

const body = z.object({
  model: z.string().min(1).max(200),
  input: z.union([input, z.array(input).min(1).max(MAX_INPUTS)]),
  encoding_format: z.enum(['float', 'base64']).default('float'),
  dimensions: z.int().min(1).optional(),
  user: z.string().optional(),
});

export const embeddings = operation({
  name: 'embeddings',
  dialect: 'synod',
  summary: 'Vectors of texts, by the OpenAI interface',
  description: 'Whatever model is named, the embedder of this server answers; `model` in the reply says which.',
  http: { method: 'POST', path: '/v1/embeddings', status: 200, maxBodyBytes: 16 * 2 ** 20 },
  input: { body },
  output: z.object({
    object: z.literal('list'),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string().describe('Base64 of little-endian float32.')]),
      }),
    ),
    model: z.string(),
    usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
  }),
  access: 'tenant',
  mutates: false,
  heavy: true,
  example: { body: { model: 'hash', input: ['Hello', 'world'] } },
  owned: [],
  run: async ({ services }, { body }) => {
    const { embedder } = services;
    if (body.dimensions !== undefined && body.dimensions !== embedder.dimension) {
      const msg = `dimensions is ${body.dimensions}, this server's embedder makes ${embedder.dimension}`;
      throw new AppError('INVALID', msg, { details: [{ loc: ['body', 'dimensions'], msg, type: 'value_error' }] });
    }
    const texts = typeof body.input === 'string' ? [body.input] : body.input;
    const vectors: Float32Array[] = [];
    let tokens = 0;
    for (const piece of piecesOf(texts)) {
      vectors.push(...(await embedder.embed(piece, 'document')));
      for (const text of piece) tokens += estimateTokens(text);
      await nextTurn();
    }
    return {
      object: 'list',
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: body.encoding_format === 'base64' ? base64(vector) : [...vector],
      })),
      model: embedder.id,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  },
});

/** Consecutive texts, together hardly longer than {@link PIECE_CHARS}. */
function piecesOf(texts: readonly string[]): string[][] {
  const pieces: string[][] = [];
  let room = 0;
  for (const text of texts) {
    if (room < text.length || pieces.length === 0) {
      pieces.push([]);
      room = PIECE_CHARS;
    }
    pieces.at(-1)!.push(text);
    room -= text.length;
  }
  return pieces;
}

function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (let i = 0; i < vector.length; i++) bytes.writeFloatLE(vector[i]!, i * 4);
  return bytes.toString('base64');
}
