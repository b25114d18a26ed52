/** The version of this package, read from its own package.json wherever the code was built to. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function find(from: string): string {
  const path = join(from, 'package.json');
  if (existsSync(path)) {
    const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
    if (name === 'synod' && version) return version;
  }
  const up = dirname(from);
  if (up === from) throw new Error('the package.json of synod was not found');
  return find(up);
}

export const VERSION = find(dirname(fileURLToPath(import.meta.url)));
