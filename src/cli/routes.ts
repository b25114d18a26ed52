/** `synod routes`: every operation and WebSocket, as a table. */
import { OPERATIONS } from '../operations/index.ts';
import { SOCKETS } from '../operations/sockets.ts';
import type { Command } from './options.ts';
import { table } from './table.ts';

export const routes: Command = {
  summary: 'Lists every operation and WebSocket.',
  options: [{ name: 'json', help: 'As JSON.' }],
  run: async ({ options }) => {
    process.stdout.write(options.json ? `${JSON.stringify(rows(), null, 2)}\n` : `${text()}\n`);
    return 0;
  },
};

function rows() {
  const operations = OPERATIONS.map(({ name, http, dialect, access, summary }) => ({
    name,
    method: http.method,
    path: http.path,
    aliases: http.aliases ?? [],
    status: http.status,
    dialect,
    access,
    summary,
  }));
  const sockets = Object.values(SOCKETS).map(({ name, paths: [path, ...aliases], dialect, summary }) => {
    const method = 'WS';
    return { name, method, path, aliases, status: 101, dialect, access: 'tenant', summary };
  });
  return [...operations, ...sockets];
}

function text(): string {
  const lines = rows().flatMap(({ method, path, aliases, dialect, access, summary }) => [
    [method, path, dialect, access, summary],
    ...aliases.map((alias) => [method, alias, dialect, access, `Same as ${path}`]),
  ]);
  return table([['METHOD', 'PATH', 'DIALECT', 'ACCESS', 'SUMMARY'], ...lines]);
}
