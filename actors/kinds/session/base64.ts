/** Vectors as text: little-endian float32 in base64, whatever the machine's own byte order. */

/** @returns 4 bytes a number, base64 with padding; every bit survives */
export function encodeVector(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (let i = 0; i < vector.length; i++) bytes.writeFloatLE(vector[i]!, i * 4);
  return bytes.toString('base64');
}

/** @returns null when the text is no plain base64 or holds another count of numbers */
export function decodeVector(text: string, dimension: number): Float32Array | null {
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64; encoding again tells whether anything was skipped.
  if (bytes.length !== dimension * 4 || bytes.toString('base64') !== text) return null;
  const vector = new Float32Array(dimension);
  for (let i = 0; i < dimension; i++) vector[i] = bytes.readFloatLE(i * 4);
  return vector;
}
