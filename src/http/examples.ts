/** Operation examples as a reader should see them: placeholders become values of the right look. */

const VALUES: ReadonlyMap<unknown, unknown> = new Map<unknown, unknown>([
  ['$session', '7f0c2a9e-3d41-4b8e-9a57-0d6c3c1a2b7e'],
  ['$cluster', '3b1e6a52-84c7-4f0d-b2a9-5e8d7c4f1a60'],
  ['$member', 'c9d2f4b8-1a63-4e75-8f0b-92d6a7e3b514'],
  ['$region', '5a8f3d20-6c1b-4e97-9d42-b7e0f1c2a386'],
  ['$hash', '9b74c9897bac770ffc029102a200c5de'],
  ['$key', 'src/server.ts'],
  ['$user', 'user_42'],
  ['$proposal', '1c9e6f3b-58d2-4a07-b3c4-8f2d7a6e9b10'],
  ['$decided', '5d2b8a41-0f7c-4e9d-9a63-c7e1f4b20d85'],
  ['$webhook', '2f9c1d7e-8b34-4a60-91e5-d3c7b0a8f642'],
  ['$event', '550e8400-e29b-41d4-a716-446655440000'],
  ['$signal', '8f14e45f-ceea-467f-a8d2-1b0c5d3e7a92'],
  ['$vector', [0.12, -0.05, 0.31]],
]);

/** Said wherever a shortened vector is shown. */
export const VECTOR_NOTE = "Vectors are shortened in this example; send as many numbers as the embedder's dimension.";

/** A copy with every placeholder replaced. */
export function plausible(example: unknown): unknown {
  if (typeof example === 'string') return VALUES.get(example) ?? example;
  if (Array.isArray(example)) return example.map(plausible);
  if (typeof example !== 'object' || example === null) return example;
  return Object.fromEntries(Object.entries(example).map(([key, value]) => [key, plausible(value)]));
}

export function mentionsVector(example: unknown): boolean {
  return JSON.stringify(example)?.includes('"$vector"') ?? false;
}
