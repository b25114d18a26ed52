/** The documentation page: complete, self-contained, and inert whatever the operations are called. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { fake, serve } from './harness.ts';

const evil = `<script>alert("x")</script> & '`;
const operations = [
  fake('POST', '/v1/session/{id}/memory', {
    name: 'session.remember',
    summary: evil,
    description: evil,
    mutates: true,
    input: {
      path: z.object({ id: z.string() }),
      query: z.object({ top_k: z.number().min(1).default(5) }),
      body: z.object({ text: z.string().max(9).describe(evil), nested: z.array(z.object({ weight: z.number() })) }),
    },
    output: z.object({ memory_hash: z.string() }),
    example: { path: { id: '$session' }, query: { top_k: 2 }, body: { text: "it's", nested: [] } },
  }),
];

async function page() {
  const { url } = await serve(operations);
  const response = await fetch(`${url}/docs`);
  return { headers: response.headers, text: await response.text() };
}

it('shows every operation with fields, example and errors', async () => {
  const { text } = await page();
  for (const part of [
    '/v1/session/{id}/memory',
    'session.remember',
    'nested[].weight',
    'at most 9 characters',
    'memory_hash',
    'default 5',
    '429',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).toContain(
    'curl -X POST &#39;http://localhost:8080/v1/session/7f0c2a9e-3d41-4b8e-9a57-0d6c3c1a2b7e/memory?top_k=2&#39;',
  );
});

it('escapes everything the operations say', async () => {
  const { text } = await page();
  expect(text.match(/<script>/g)).toHaveLength(1);
  expect(text).not.toContain('alert("x")');
  expect(text).toContain('&#60;script&#62;alert(&#34;x&#34;)');
});

it('asks nobody for anything', async () => {
  const { text } = await page();
  const targets = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, target]) => target!);
  expect(targets.every((target) => /^(?:#|\/)/.test(target))).toBe(true);
  expect(text).not.toMatch(/@import|url\(/);
});

it('allows no script or style but its own', async () => {
  const { headers, text } = await page();
  const policy = headers.get('content-security-policy')!;
  const hash = (tag: string) => {
    const [, inner] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(text)!;
    return `'sha256-${createHash('sha256').update(inner!).digest('base64')}'`;
  };
  expect(policy).toContain(`default-src 'none'`);
  expect(policy).toContain(`script-src ${hash('script')}`);
  expect(policy).toContain(`style-src ${hash('style')}`);
  expect(text).not.toMatch(/<[^>]*\s(?:on\w+|style)=/);
});

it('is well-formed: every tag that opens is closed, every id is unique', async () => {
  const { text } = await page();
  const open: string[] = [];
  const bare = text.replace(/<(style|script)>.*?<\/\1>/gs, '');
  for (const [, slash, name] of bare.matchAll(/<(\/?)([a-z]\w*)\b[^>]*>/g)) {
    if (slash) expect(open.pop()).toBe(name);
    else if (!['meta', 'input'].includes(name!)) open.push(name!);
  }
  expect(open).toEqual([]);
  const ids = [...bare.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
