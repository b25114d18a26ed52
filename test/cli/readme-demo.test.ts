import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, synod } from './synod.ts';

it('the README shows what `synod demo` prints, and nothing else', async () => {
  const { code, stdout } = await synod(['demo']);
  expect(code).toBe(0);
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [teaser, whole, ...others] = [...readme.matchAll(/^```text\n(.*?)^```$/gms)].map(([, text]) => text!);
  expect(whole).toBe(stdout);
  expect(stdout).toContain(teaser);
  expect(others).toEqual([]);
});
