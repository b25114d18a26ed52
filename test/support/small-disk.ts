/** Disks that are full soon, and can be given room while a server runs on them. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ServerProcess, SpawnOptions } from './process.ts';
import { tempDir } from './server.ts';

/** An empty store takes about 100 KiB. */
const DISK_KIB = 3_072;

export interface SmallDisk {
  readonly data: string;
  /** How to start a server that has this disk. */
  readonly options: SpawnOptions;
  /** From now on there is room. */
  grow(server: ServerProcess): void;
}

/** A limit on file sizes: a write beyond it comes out short, in the same place as on a full disk. Works everywhere. */
async function limited(): Promise<SmallDisk> {
  return {
    data: await tempDir(),
    options: { fileLimitKiB: DISK_KIB },
    grow: ({ pid }) => void execFileSync('prlimit', ['--pid', String(pid), '--fsize=unlimited']),
  };
}

const OWN_NAMESPACE = ['--user', '--map-root-user', '--mount'];

/** A file system of its own in memory, in a namespace of its own: ENOSPC as the kernel gives it. */
async function tmpfs(): Promise<SmallDisk> {
  const disk = join(await tempDir(), 'disk');
  mkdirSync(disk);
  const mount = `mount -t tmpfs -o size=${DISK_KIB}k none "$1" && echo mounted && exec sleep 600`;
  const holder = spawn('unshare', [...OWN_NAMESPACE, 'bash', '-c', mount, 'bash', disk], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  const prefix = ['nsenter', '--target', String(holder.pid), '--user', '--mount', '--preserve-credentials'];
  return {
    data: join(disk, 'data'),
    options: { prefix },
    grow: () => {
      const [command, ...words] = prefix;
      execFileSync(command!, [...words, 'mount', '-o', 'remount,size=64m', disk]);
    },
  };
}

/** Whether this machine lets us mount at all; containers often do not. */
function canMount(): boolean {
  const script = 'mount -t tmpfs -o size=64k none /tmp';
  return spawnSync('unshare', [...OWN_NAMESPACE, 'bash', '-c', script], { stdio: 'ignore' }).status === 0;
}

export const SMALL_DISKS: readonly (readonly [string, () => Promise<SmallDisk>])[] = [
  ['of a limit on file sizes', limited],
  ...(canMount() ? [['of a file system without room', tmpfs] as const] : []),
];
