/** `synod token`: makes a license token, and the key that signs it when there is none yet. */
import { loadOrCreateKey, mintToken, subjectProblem, TIERS, type Tier } from '../auth/index.ts';
import { oneOf, text, whole } from '../parsers.ts';
import type { Command, Options } from './options.ts';

/** A century: beyond any license. */
const MAX_TTL_SECONDS = 100 * 365 * 86_400;

export const token: Command = {
  summary: 'Makes a token; prints it as the last line.',
  options: [
    { name: 'subject', value: 'NAME', help: 'Whom it is for: the tenant.', required: true, parse: subject },
    { name: 'tier', value: 'TIER', help: `${TIERS.join(', ')}.`, required: true, parse: oneOf(...TIERS) },
    { name: 'key', value: 'FILE', help: 'Ed25519 JWK to sign with; made when missing.', required: true, parse: text },
    {
      name: 'ttl',
      value: 'SECONDS',
      help: 'Until it expires; 30 days when absent.',
      parse: whole(1, MAX_TTL_SECONDS),
    },
  ],
  run: async ({ options }) => {
    const { subject, tier, key: path, ttl } = options as Options & { subject: string; tier: Tier; key: string };
    const key = await loadOrCreateKey(path);
    const jwt = await mintToken({ key, subject, tier, ...(ttl === undefined ? {} : { ttlSeconds: Number(ttl) }) });
    // People read this; scripts take standard output.
    if (key.created) process.stderr.write(`made a new key in ${path}; serve it with: synod serve --key ${path}\n`);
    process.stderr.write(`token for ${subject}, tier ${tier}:\n`);
    process.stdout.write(`${jwt}\n`);
    return 0;
  },
};

function subject(value: string): string {
  const problem = subjectProblem(value);
  if (problem !== undefined) throw new Error(`another one: ${problem}`);
  return value;
}
