/** Where a bundle comes from: a file, or a stream that is first written to one. */
import { createReadStream, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../actors/errors.ts';

/**
 * Opens a bundle so that it can be read from any position, which a pipe cannot.
 *
 * @param path a file, a pipe, or `-` for standard input
 * @returns a descriptor; whoever asks closes it
 * @throws AppError UNAVAILABLE
 */
export async function openBundle(path: string): Promise<number> {
  if (path === '-') return await spool(process.stdin);
  try {
    const file = openSync(path, 'r');
    // Else a pipe (`--in <(zcat …)`), or a directory, which fails as soon as it is read.
    return fstatSync(file).isFile() ? file : await spool(createReadStream('', { fd: file }));
  } catch (cause) {
    throw new AppError('UNAVAILABLE', `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

/** A stream can be read once and we need it twice. @returns a file nobody else can find */
async function spool(stream: AsyncIterable<unknown>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'synod-import-'));
  const file = openSync(join(folder, 'bundle'), 'wx+', 0o600);
  rmSync(folder, { recursive: true });
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  }
  return file;
}
