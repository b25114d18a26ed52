/** A directory laid out like the installed package, so that `import … from 'synod'` means the built library. */
import { execFile } from 'node:child_process';
import { copyFileSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const run = promisify(execFile);

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs Node, or a tool of node_modules/.bin by its script; never throws for an exit code. */
export async function node(cwd: string, ...args: string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await run(process.execPath, args, { cwd, timeout: 60_000 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: `${stdout}${stderr}` };
  }
}

/**
 * Makes an empty directory one.
 *
 * `npm test` has built `dist` just before; a test run on its own builds beside it when `dist` is out of date.
 */
export async function makeConsumer(directory: string): Promise<void> {
  copyFileSync(join(root, 'package.json'), join(directory, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  const sources = Math.max(...['src', 'actors', 'workers'].map((name) => newest(join(root, name))));
  if (builtAt(join(root, 'dist', 'src', 'thread', 'client.js')) >= sources) {
    symlinkSync(join(root, 'dist'), join(directory, 'dist'));
    return;
  }
  // Type errors elsewhere do not stop the build; type checking is another test's business.
  await tsc(root, '-p', 'tsconfig.build.json', '--outDir', join(directory, 'dist'));
  await node(directory, join(directory, 'dist', 'src', 'contract', 'write.js'));
}

export function tsc(cwd: string, ...args: string[]): Promise<Ran> {
  return node(cwd, join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...args);
}

function builtAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
