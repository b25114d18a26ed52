/** Directories that are made on the way to what is kept in them. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes what is missing of a path, one directory after the other. Node 20's own `recursive` tries without end where the
 * parent is there and nothing can be made in it, as in /proc.
 *
 * @param mode of those that are made. Default 0o777 less the umask
 * @returns the outermost directory that had to be made
 */
export function makeDirectories(directory: string, mode?: number): string | undefined {
  const path = resolve(directory);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) return undefined;
  if (found) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
  const parent = dirname(path);
  const outermost = parent === path ? undefined : makeDirectories(parent, mode);
  try {
    mkdirSync(path, { mode });
    return outermost ?? path;
  } catch (error) {
    // Another process has made it since.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return outermost;
    throw error;
  }
}
