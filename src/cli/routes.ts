/** `synod routes`: every operation, as a table. */
import { OPERATIONS } from '../operations/index.ts';
import type { Command } from './options.ts';
import { table } from './table.ts';

export const routes: Command = {
  summary: 'Lists every operation.',
  options: [{ name: 'json', help: 'As JSON.' }],
  run: async ({ options }) => {
    process.stdout.write(options.json ? `${JSON.stringify(rows(), null, 2)}\n` : `${text()}\n`);
    return 0;
  },
};

function rows() {
  return OPERATIONS.map(({ name, http, dialect, access, summary }) => ({
    name,
    method: http.method,
    path: http.path,
    aliases: http.aliases ?? [],
    status: http.status,
    dialect,
    access,
    summary,
  }));
}

function text(): string {
  const lines = rows().flatMap(({ method, path, aliases, dialect, access, summary }) => [
    [method, path, dialect, access, summary],
    ...aliases.map((alias) => [method, alias, dialect, access, `Same as ${path}`]),
  ]);
  return table([['METHOD', 'PATH', 'DIALECT', 'ACCESS', 'SUMMARY'], ...lines]);
}
