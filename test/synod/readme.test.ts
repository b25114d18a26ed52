import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveAnonymous } from '../support/server.ts';
import { makeConsumer, node, root, tsc } from './consumer.ts';
import { temporaryDirectory } from './machines.ts';

const NAMES = ['embedding-example', 'network-example', 'client-example'];
/** Where the examples expect a server. */
const ADDRESS = 'http://127.0.0.1:8080';

describe.each(NAMES)('the %s of the README', (name) => {
  it('compiles with full types, runs, and ends by itself', async () => {
    const fence = new RegExp(`^\`\`\`ts ${name}\\n(.*?)^\`\`\`$`, 'ms');
    const [, example] = fence.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
    expect(example, `README.md has no code fence "\`\`\`ts ${name}"`).toBeDefined();
    expect(example!.trimEnd().split('\n').length).toBeLessThanOrEqual(25);

    const directory = temporaryDirectory();
    await makeConsumer(directory);
    const server = example!.includes(ADDRESS) ? await serveAnonymous() : undefined;
    writeFileSync(join(directory, 'example.ts'), example!.replaceAll(ADDRESS, server?.url ?? ADDRESS));
    const options = ['--target', 'es2022', '--module', 'nodenext', '--types', 'node', '--strict'];
    // Without skipLibCheck: our own declarations are part of what an application gets.
    const compiled = await tsc(directory, ...options, '--ignoreConfig', 'example.ts');
    expect(compiled).toEqual({ code: 0, output: '' });
    const ran = await node(directory, 'example.js');
    expect(ran).toEqual({ code: 0, output: expect.any(String) });
    // What it prints stands in its own comments: `// prints: …`.
    const promised = [...example!.matchAll(/\/\/ prints: (.*)$/gm)].map(([, text]) => text!);
    expect(promised.length).toBeGreaterThan(0);
    for (const text of promised) expect(ran.output).toContain(text);
  });
});
