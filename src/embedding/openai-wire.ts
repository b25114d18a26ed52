/** The wire of an OpenAI-compatible embeddings server: address, headers, and reading its answer with suspicion. */
import { AppError } from '../../actors/errors.ts';

/** `again`: the same request may work; `refused`: it is about the texts; `final`: neither. */
export class EmbedderFailure extends AppError {
  readonly kind: 'again' | 'refused' | 'final';

  constructor(
    kind: EmbedderFailure['kind'],
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super('EMBEDDER_FAILED', message, options);
    this.kind = kind;
  }
}

/**
 * The address of the embeddings endpoint under a base URL: `/embeddings` is added unless it ends so, `/v1/embeddings`
 * when it has no path; a query stays.
 */
export function endpointOf(base: string): URL {
  if (!URL.canParse(base)) throw new TypeError('the embedder url is not a URL, http://host:port/v1 wanted');
  const url = new URL(base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`the embedder url has the scheme ${url.protocol}, http: or https: wanted`);
  }
  // Without quoting the url: it holds a secret.
  if (url.username !== '' || url.password !== '') throw new TypeError('the embedder url has credentials, use apiKey');
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/embeddings') ? path : `${path || '/v1'}/embeddings`;
  url.hash = '';
  return url;
}

/** Headers of every request. A key with a line break in it would otherwise be quoted by the error of `fetch`. */
export function headersOf(apiKey: string | undefined): Record<string, string> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const key = apiKey?.trim();
  if (!key) return headers;
  if (!/^[\x21-\x7e]+$/.test(key)) throw new TypeError('the embedder apiKey has characters that no header can carry');
  return { ...headers, authorization: `Bearer ${key}` };
}

/**
 * Reads a `Retry-After` header, RFC 9110 §10.2.3: seconds or a date.
 *
 * @returns ms from now, never negative; `undefined` when absent or senseless
 */
export function retryAfterOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/**
 * Reads the vectors of an answer, each a list of numbers or base64 of little-endian float32, in the order of the texts
 * (their `index`, or their place when the server leaves it out).
 *
 * @param name who answered, for messages
 * @returns `count` vectors, shape [dimension], unit length; a vector of zeros stays one
 * @throws EmbedderFailure when anything is missing, twice there, of another length or not finite
 */
export function readVectors(name: string, json: string, count: number, dimension: number): Float32Array[] {
  const fail = (found: string) => new EmbedderFailure('final', `${name}: ${found}`);
  let answer: { readonly data?: unknown } | null;
  try {
    answer = JSON.parse(json);
  } catch {
    // Without the cause: a SyntaxError quotes the answer, and the answer may quote the text.
    throw fail('the answer is not JSON, {"data": [{"embedding": …}]} wanted');
  }
  const data = answer?.data;
  if (!Array.isArray(data)) throw fail('the answer has no list "data", {"data": [{"embedding": …}]} wanted');
  if (data.length !== count) throw fail(`the answer has ${data.length} vectors, ${count} wanted`);
  const vectors: Float32Array[] = new Array(count);
  for (const [place, entry] of data.entries()) {
    const { index = place, embedding } = (entry ?? {}) as { readonly index?: unknown; readonly embedding?: unknown };
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count) {
      throw fail(`vector ${place} has an index that is none, 0 to ${count - 1} wanted`);
    }
    if (vectors[index as number] !== undefined) throw fail(`index ${index} comes twice, each once wanted`);
    const numbers = numbersOf(embedding);
    if (numbers === undefined) throw fail(`vector ${index} is neither numbers nor base64 of whole float32`);
    if (numbers.length !== dimension) throw fail(`vector ${index} has ${numbers.length} numbers, ${dimension} wanted`);
    const vector = unit(numbers);
    if (vector === undefined) throw fail(`vector ${index} has something that is no finite number`);
    vectors[index as number] = vector;
  }
  return vectors;
}

function numbersOf(embedding: unknown): ArrayLike<unknown> | undefined {
  if (Array.isArray(embedding)) return embedding;
  if (typeof embedding !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(embedding)) return undefined;
  const bytes = Buffer.from(embedding, 'base64');
  if (bytes.byteLength % 4 !== 0) return undefined;
  return Array.from({ length: bytes.byteLength / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}

/** @returns `undefined` when not all are finite numbers */
function unit(numbers: ArrayLike<unknown>): Float32Array | undefined {
  let largest = 0;
  for (let at = 0; at < numbers.length; at++) {
    const value = numbers[at];
    if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
    largest = Math.max(largest, Math.abs(value));
  }
  const vector = new Float32Array(numbers.length);
  if (largest === 0) return vector;
  // Divided by the largest first: the square of 1e200 is no number any more.
  let sum = 0;
  for (let at = 0; at < numbers.length; at++) sum += ((numbers[at] as number) / largest) ** 2;
  const length = Math.sqrt(sum);
  for (let at = 0; at < numbers.length; at++) vector[at] = (numbers[at] as number) / largest / length;
  return vector;
}
