import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fill, launchSynod, post, serve, synod, tempDir } from './synod.ts';

interface Exported {
  readonly session: string;
  readonly text: string;
}

let made: Promise<Exported> | undefined;

async function make(): Promise<Exported> {
  const dir = await tempDir();
  const [data, file] = [join(dir, 'data'), join(dir, 'bundle.jsonl')];
  const session = await fill(data, 3);
  expect((await synod(['export', '--data', data, '--out', file])).code).toBe(0);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  return { session, text: await readFile(file, 'utf8') };
}

/** The bundle of a session of three turns, the same for all tests, in a directory of its own. */
async function exported(): Promise<Exported & { readonly dir: string; readonly file: string }> {
  made ??= make();
  const bundle = await made;
  const dir = await tempDir();
  const file = join(dir, 'bundle.jsonl');
  await writeFile(file, bundle.text);
  return { ...bundle, dir, file };
}

/** Lines of a bundle with a checksum that fits them. */
function sealed(lines: readonly string[]): string {
  const body = lines.map((line) => `${line}\n`).join('');
  const sha256 = createHash('sha256').update(body).digest('hex');
  return `${body}${JSON.stringify({ sha256, rows: lines.length - 1 })}\n`;
}

const linesOf = (text: string) => text.trimEnd().split('\n').slice(0, -1);

describe('synod export and import', () => {
  it('carry everything over: the same bundle comes out again, and the session remembers', async () => {
    const { dir, file, session, text } = await exported();
    const copy = join(dir, 'deep', 'copy');
    expect((await synod(['import', '--data', copy, '--in', file])).code).toBe(0);
    const again = (await synod(['export', '--data', copy, '--out', '-'])).stdout;
    expect(linesOf(again).slice(1)).toEqual(linesOf(text).slice(1));
    expect((await synod(['inspect', '--data', copy, '--verify'])).code).toBe(0);
    const server = await serve(['--data', copy, '--allow-anonymous']);
    const { context } = await post(`${server.url}/v1/run`, {
      session_id: session,
      message: 'secret question number 2',
    });
    expect(context).toContain('secret answer number 2');
    await server.stop();
  });

  it('write a manifest first and the checksum of all before it last', async () => {
    const { text } = await exported();
    const manifest = JSON.parse(text.slice(0, text.indexOf('\n'))) as { tables: Record<string, number> };
    expect(manifest).toMatchObject({ product: 'synod', format: 1, created_at: expect.stringMatching(/Z$/) });
    expect(sealed(linesOf(text))).toBe(text);
    const rows = linesOf(text)
      .slice(1)
      .map((line) => JSON.parse(line) as { t: string });
    for (const [table, count] of Object.entries(manifest.tables)) {
      expect(rows.filter(({ t }) => t === table)).toHaveLength(count);
    }
  });

  it('work through pipes, and beside a running server', async () => {
    const dir = await tempDir();
    const server = await serve(['--data', join(dir, 'data'), '--allow-anonymous']);
    await post(`${server.url}/v1/run`, { message: 'hello' });
    const { stdout } = await synod(['export', '--data', join(dir, 'data'), '--out', '-']);
    await server.stop();
    const { code, stderr } = await synod(['import', '--data', join(dir, 'copy'), '--in', '-'], { input: stdout });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('the chain of 1 tenants holds') });
  });

  it('leave an older bundle alone when the export fails', async () => {
    const { dir, file, text } = await exported();
    expect((await synod(['export', '--data', join(dir, 'nowhere'), '--out', file])).code).toBe(1);
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});

const BAD: readonly [what: string, change: (text: string) => string, line: string][] = [
  ['an empty file', () => '', 'the file is empty'],
  ['something else', () => 'hello\nworld\n', 'no bundle of synod'],
  ['something else without lines', () => 'x'.repeat(200_000), 'no bundle of synod'],
  ['other JSON', () => '{"product":"other"}\n', 'no bundle of synod'],
  ['a bundle without its end', (text) => `${linesOf(text).join('\n')}\n`, 'cut off'],
  ['a bundle cut in a row', (text) => text.slice(0, -300), 'cut off'],
  ['a bundle cut by one byte', (text) => text.slice(0, -1), 'cut off'],
  ['only a manifest', (text) => text.slice(0, text.indexOf('\n') + 1), 'cut off'],
  ['a changed byte', (text) => text.replace(/"v":"(.)/, (_, c: string) => `"v":"${c === 'g' ? 'h' : 'g'}`), 'checksum'],
  ['a missing row', (text) => text.split('\n').toSpliced(3, 1).join('\n'), 'checksum'],
  ['something behind the end', (text) => `${text}{"t":"meta","k":["x"],"v":""}\n`, 'is no row'],
  ['a bundle of a newer version', (text) => sealed(linesOf(text.replace('"format":1', '"format":9'))), 'upgrade synod'],
  ['an unknown table', (text) => sealed(linesOf(text.replace('"t":"actor"', '"t":"other"'))), 'is no row'],
  [
    'a key no store takes',
    (text) => sealed(linesOf(text.replace(/"k":\[[^\]]*\]/, '"k":[]'))),
    'a key the store cannot take',
  ],
  ['a row less than the manifest says', (text) => sealed(linesOf(text).toSpliced(2, 1)), 'manifest says'],
  ['a row twice', (text) => sealed(linesOf(text).toSpliced(-1, 1, linesOf(text).at(-2)!)), 'twice'],
  [
    'a log with a forged record and a checksum that fits',
    (text) =>
      sealed(
        linesOf(text).map((line) =>
          line.includes('"t":"log","k":["anonymous",2]') ? line.replace(/"v":"..../, '"v":"AAAA') : line,
        ),
      ),
    'the hash chain of "anonymous" does not hold',
  ],
];

describe('an import that fails', () => {
  it.each(BAD)('because of %s says so in one line and leaves nothing behind', async (_what, change, line) => {
    const { dir, text } = await exported();
    const before = (await readdir(dir)).sort();
    const data = join(dir, 'deep', 'copy');
    const { code, stderr } = await synod(['import', '--data', data, '--in', '-'], { input: change(text) });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(line) });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect((await readdir(dir)).sort()).toEqual(before);
  });

  it('leaves an empty directory empty', async () => {
    const { dir, text } = await exported();
    const data = join(dir, 'copy');
    await mkdir(data);
    const bad = BAD.at(-1)![1](text);
    expect((await synod(['import', '--data', data, '--in', '-'], { input: bad })).code).toBe(1);
    expect(await readdir(data)).toEqual([]);
  });

  it('says so where nothing can be made', async () => {
    const { file } = await exported();
    const { code, stderr } = await synod(['import', '--data', '/proc/x/y', '--in', file]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/data directory \/proc\/x\/y cannot be written: E\w+/)]);
  });

  it('does not touch a directory with anything in it', async () => {
    const { dir, file } = await exported();
    const data = join(dir, 'copy');
    await mkdir(data);
    await writeFile(join(data, 'notes.txt'), 'mine');
    const { code, stderr } = await synod(['import', '--data', data, '--in', file]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`data directory ${data} is not empty`),
    });
    expect(await readdir(data)).toEqual(['notes.txt']);
  });

  it('takes no notice of what an import that died left behind', async () => {
    const { dir, file } = await exported();
    const data = join(dir, 'copy');
    await mkdir(join(data, '.importing'), { recursive: true });
    await writeFile(join(data, '.importing', 'data.mdb'), 'half of it');
    expect((await synod(['import', '--data', data, '--in', file])).code).toBe(0);
    expect((await readdir(data)).sort()).toEqual(['data.mdb', 'format.json']);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const { dir, text } = await exported();
    const rows = Array.from({ length: 20_000 }, (_, i) =>
      JSON.stringify({ t: 'replay', k: ['t', i], v: 'A'.repeat(400) }),
    );
    const manifest = { ...(JSON.parse(text.slice(0, text.indexOf('\n'))) as object), tables: { replay: rows.length } };
    const file = join(dir, 'large.jsonl');
    await writeFile(file, sealed([JSON.stringify(manifest), ...rows]));
    const data = join(dir, 'deep', 'copy');
    const { child, ended } = launchSynod(['import', '--data', data, '--in', file]);
    // The folder is made only after the signals are minded.
    await new Promise<void>((resolve) => {
      const look = () => (existsSync(join(data, '.importing')) ? resolve() : setImmediate(look));
      look();
    });
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'synod: interrupted by SIGTERM; nothing was imported\n' });
    expect((await readdir(dir)).sort()).toEqual(['bundle.jsonl', 'large.jsonl']);
  });

  it('names a file that is not there', async () => {
    const { code, stderr } = await synod(['import', '--data', join(await tempDir(), 'd'), '--in', '/nowhere.jsonl']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'synod: /nowhere.jsonl cannot be read: ENOENT\n' });
  });
});
