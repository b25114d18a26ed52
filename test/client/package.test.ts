/** The client as an application has it: built, with its contract worked out. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveAnonymous } from '../support/server.ts';
import { makeConsumer, node, tsc } from '../synod/consumer.ts';
import { temporaryDirectory } from '../synod/machines.ts';

/** As the build of a page: no types of Node, and our declarations are checked, too. */
const PAGE = [
  ...['--ignoreConfig', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022'],
  ...['--lib', 'es2022,dom,dom.iterable', '--types', '', '--module', 'nodenext'],
];

async function consumer(name: string, source: string): Promise<string> {
  const directory = temporaryDirectory();
  await makeConsumer(directory);
  writeFileSync(join(directory, name), source);
  return directory;
}

const APPLICATION = `
import { createClient, SynodError, type Client, type Input, type Output, type StreamRecord } from 'synod/client';

const client: Client = createClient(URL_OF_SERVER);
const { session_id } = await client.session.create();
const question: Input<'session.run'> = { session_id, message: 'Who is on call?', top_k: undefined };
const run: Output<'session.run'> = await client.session.run(question, { deadlineMs: 5_000 });
const phase: 'stable' | 'shifting' | 'drifted' = run.drift_phase;
const failure: unknown = await client.region.get({ id: 'nowhere' }).catch((error: unknown) => error);
const told: StreamRecord[] = [];
for await (const record of client.stream({ kinds: ['session'], since: 0 })) if (told.push(record) === 2) break;
console.log(phase, failure instanceof SynodError && failure.code, told.map(({ type }) => type).join());
`;

describe('the package', () => {
  it('compiles in an application without the types of Node or zod, and runs', async () => {
    const { url } = await serveAnonymous();
    const directory = await consumer('app.ts', APPLICATION.replace('URL_OF_SERVER', JSON.stringify(url)));
    const compiled = await tsc(directory, ...PAGE, '--listFiles', 'app.ts');
    expect(compiled.code, compiled.output).toBe(0);
    // What a page's compiler has to read: nothing beside the client.
    const read = compiled.output.split('\n').filter((file) => file && !/\/lib\.[\w.]+\.d\.ts$/.test(file));
    expect(read.filter((file) => !/\/dist\/src\/client\/|\/dist\/actors\/errors|\/app\.ts$/.test(file))).toEqual([]);
    expect(await node(directory, 'app.js')).toEqual({ code: 0, output: 'stable NOT_FOUND synod.created,run\n' });
  });

  it('lets the compiler find what cannot be', async () => {
    const lines = [
      `client.session.paint({});`,
      `client.session.run({ session_id: 'ada' });`,
      `client.session.run({ message: 'hi', mesage: 'hi' });`,
      `client.cluster.list({ limit: 'ten' });`,
      `client.session.isolation.set({ id: 'ada', level: 'AJAR' });`,
      `(await client.cluster.list())[0]?.nmae;`,
      `client.call('session.paint');`,
    ];
    const head = `import { createClient } from 'synod/client'; const client = createClient('http://localhost');`;
    const directory = await consumer('wrong.ts', `${[head, ...lines].join('\n')}\nexport {};\n`);
    const { output } = await tsc(directory, ...PAGE, '--noEmit', 'wrong.ts');
    const found = [...output.matchAll(/^wrong\.ts\((\d+),\d+\): error TS/gm)].map(([, line]) => Number(line));
    expect(found, output).toEqual(lines.map((_, i) => i + 2));
    expect(output.match(/error TS/g)).toHaveLength(lines.length);
  });

  it('has the very types that the operations list has', async () => {
    const directory = await consumer(
      'same.ts',
      `
import type { Operations as Built } from 'synod/client';
import type { Operations as Inferred } from './dist/src/contract/inferred.js';

/** Makes optional fields count: between two types they may differ unseen. */
type Shape<T> = T extends readonly (infer U)[]
  ? Shape<U>[]
  : T extends object
    ? { -readonly [K in keyof T]-?: [undefined extends T[K] ? 'optional' : 'required', Shape<Exclude<T[K], undefined>>] }
    : T;
type Same<A, B> = [Shape<A>] extends [Shape<B>] ? ([Shape<B>] extends [Shape<A>] ? true : false) : false;
type Differing<Part extends 'input' | 'output'> = {
  [N in keyof Inferred]: N extends keyof Built ? (Same<Built[N][Part], Inferred[N][Part]> extends true ? never : N) : N;
}[keyof Inferred];

// An error names the operations that differ.
export const inputs: { [N in Differing<'input'>]: never } = {};
export const outputs: { [N in Differing<'output'>]: never } = {};
export const names: { [N in Exclude<keyof Built, keyof Inferred>]: never } = {};
export const some: [keyof Inferred] extends [never] ? never : true = true;
`,
    );
    const compiled = await tsc(directory, ...PAGE, '--skipLibCheck', '--noEmit', 'same.ts');
    expect(compiled).toEqual({ code: 0, output: '' });
  });

  it('loads in a browser: nothing but itself, and no name of Node', async () => {
    const directory = temporaryDirectory();
    await makeConsumer(directory);
    const dist = join(directory, 'dist', 'src');
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      expect(source, file).not.toMatch(/\b(?:process|Buffer|require|__dirname|setImmediate)\b|node:/);
      for (const [, specifier] of source.matchAll(/^(?:import|export)\b.*\bfrom ['"]([^'"]+)['"]/gm)) {
        expect(specifier, file).toMatch(/^\./);
        visit(resolve(dirname(file), specifier!));
      }
    };
    visit(join(dist, 'client', 'index.js'));
    const outside = [...seen].filter((file) => !file.startsWith(join(dist, 'client')));
    expect(outside).toEqual([join(directory, 'dist', 'actors', 'errors.js')]);
    const bytes = [...seen].reduce((sum, file) => sum + readFileSync(file).length, 0);
    expect(bytes).toBeLessThan(60_000);
  });
});
