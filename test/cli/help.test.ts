import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/operations/index.ts';
import { SOCKETS } from '../../src/operations/sockets.ts';
import { ROOT, synod } from './synod.ts';

const COMMANDS = ['serve', 'start', 'token', 'routes', 'inspect', 'export', 'import', 'bench', 'demo'];

describe('synod help', () => {
  it('lists every command', async () => {
    const { code, stdout } = await synod(['help']);
    expect(code).toBe(0);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it.each(COMMANDS)('tells how to call %s, as does --help behind it', async (name) => {
    const { code, stdout } = await synod(['help', name]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: synod ${name}`);
    expect((await synod([name, '--help'])).stdout).toBe(stdout);
  });

  it('is what a call without any word gets', async () => {
    expect((await synod([])).stdout).toBe((await synod(['--help'])).stdout);
  });
});

describe('synod version', () => {
  it.each(['version', '--version'])('%s prints the version of the package', async (word) => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await synod([word])).stdout).toBe(`${version}\n`);
  });
});

describe('synod routes', () => {
  it('shows every operation with its method, path, dialect, access and summary', async () => {
    const { stdout } = await synod(['routes']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(['METHOD', 'PATH', 'DIALECT', 'ACCESS', 'SUMMARY']);
    for (const { http, dialect, access, summary } of OPERATIONS) {
      expect(lines).toContainEqual([http.method, http.path, dialect, access, summary]);
    }
    for (const { paths, dialect, summary } of Object.values(SOCKETS)) {
      expect(lines).toContainEqual(['WS', paths[0], dialect, 'tenant', summary]);
    }
  });

  it('gives the same to programs', async () => {
    const rows = JSON.parse((await synod(['routes', '--json'])).stdout) as { name: string }[];
    expect(rows.map(({ name }) => name)).toEqual([...OPERATIONS, ...Object.values(SOCKETS)].map(({ name }) => name));
  });
});
