/** The rules of the house, as data, checked against the sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../src/operations/index.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Which room may import which. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  workers: ['workers'],
  actors: ['actors', 'workers'],
  src: ['src', 'actors', 'workers'],
  bench: ['bench', 'src', 'actors', 'workers'],
  test: ['test', 'bench', 'src', 'actors', 'workers'],
};

/** The one place that may import a library, besides tests and benchmarks. `actors` and `src` share zod. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  xstate: ['actors'],
  zod: ['actors', 'src'],
  lmdb: ['src/store'],
  msgpackr: ['src/host'],
  koa: ['src/http'],
  '@koa/router': ['src/http'],
  'raw-body': ['src/http'],
  'prom-client': ['src/http'],
  ws: ['src/ws'],
  graphql: ['src/graphql'],
  'graphql-http': ['src/graphql'],
  'graphql-ws': ['src/graphql'],
  jose: ['src/auth'],
  comlink: ['src/thread'],
  piscina: ['src/compute'],
  stemmer: ['src/recall'],
  pino: ['src/cli'],
  'ipaddr.js': ['src/webhooks'],
};

const MAX_LINES = 300;

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function importsOf(file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8');
  const found = source.matchAll(
    /^\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...found].map((match) => ({ file, specifier: (match[1] ?? match[2] ?? match[3])! }));
}

const ours = Object.keys(ROOMS).flatMap(filesOf);
const shipped = ours.filter((file) => /^(src|actors|workers)\//.test(file));
const imports = ours.flatMap(importsOf);

/** `@koa/router/x` → `@koa/router`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('the house', () => {
  it('has rooms that import only what lies behind them', () => {
    const wrong = imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .filter(({ file, specifier }) => {
        const [from] = file.split('/') as [string];
        const target = relative(root, resolve(root, dirname(file), specifier));
        const [to] = target.split('/') as [string];
        return to in ROOMS && !ROOMS[from]!.includes(to);
      });
    expect(wrong).toEqual([]);
  });

  it('has one door per library', () => {
    const wrong = imports
      .filter(({ file, specifier }) => /^(src|actors|workers)\//.test(file) && !/^(\.|node:)/.test(specifier))
      .filter(({ file, specifier }) => !DOORS[packageOf(specifier)]?.some((door) => file.startsWith(`${door}/`)));
    expect(wrong).toEqual([]);
  });

  it('keeps the kernels free of everything', () => {
    const wrong = imports.filter(({ file, specifier }) => file.startsWith('workers/') && !specifier.startsWith('./'));
    expect(wrong).toEqual([]);
  });

  it('uses every library it depends on, and depends on none it does not use', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
    const used = new Set(
      imports.filter(({ file }) => shipped.includes(file)).map(({ specifier }) => packageOf(specifier)),
    );
    const wanted = [...used].filter((name) => !name.startsWith('.') && !name.startsWith('node:')).sort();
    expect(Object.keys(dependencies).sort()).toEqual(wanted);
  });

  it('pins what correctness depends on', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect([dependencies.xstate, dependencies.lmdb, dependencies.piscina]).toEqual([
      expect.stringMatching(/^\d/),
      expect.stringMatching(/^\d/),
      expect.stringMatching(/^\d/),
    ]);
  });

  it('has files of one job: a header, and at most 300 lines', () => {
    const wrong = shipped.filter((file) => {
      const source = readFileSync(join(root, file), 'utf8');
      return source.split('\n').length > MAX_LINES + 1 || !/^(#!.*\n)?\/\*\*/.test(source);
    });
    expect(wrong).toEqual([]);
  });

  it('names no folder or file after nothing in particular', () => {
    expect(ours.filter((file) => /(^|\/)(utils?|common|misc|helpers?)(\/|\.ts$)/.test(file))).toEqual([]);
  });

  it('switches no test and no check off', () => {
    const off =
      /\b(it|test|describe)\.(skip|skipIf|runIf|only|todo|fails)\b|@ts-ignore|@ts-expect-error|biome-ignore|\bas any\b/;
    const wrong = ours.filter(
      (file) => file !== 'test/house.test.ts' && off.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  it('gives every operation a name of its own and an example', () => {
    const names = OPERATIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, example, input } of OPERATIONS) {
      expect(Object.keys(example), name).toEqual(expect.arrayContaining(input.body ? ['body'] : []));
    }
  });
});
