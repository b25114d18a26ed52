#!/usr/bin/env node
/**
 * One door for the npm scripts: installs what is missing, builds what is out of date, then does what was asked.
 * Runs on a bare Node, before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [task = 'build', ...args] = process.argv.slice(2);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} found, 20.19 or newer wanted`);
}

function fail(message, code = 1) {
  console.error(`synod: ${message}`);
  process.exit(code);
}

/** Runs a command; its signals and exit code are ours. */
function run(command, commandArgs, quiet = false) {
  const result = spawnSync(command, commandArgs, {
    cwd: root,
    stdio: quiet ? ['ignore', 'ignore', 'inherit'] : 'inherit',
  });
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Installs when the lock file differs from what was installed last, so that a pull is followed by an install. */
function install() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.synod-installed');
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  // npm empties the folder it installs into; through a link that would be somebody else's.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    fail('node_modules is a symbolic link and does not fit package-lock.json; remove the link, then try again');
  }
  console.error('synod: installing dependencies');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], true);
  writeFileSync(stamp, wanted);
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function build() {
  const stamp = join(root, 'dist', '.built');
  const inputs = ['src', 'actors', 'workers', 'bench', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  const changed = Math.max(...inputs.map((name) => newest(join(root, name))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= changed) return;
  console.error('synod: building');
  run(bin('tsc'), ['-p', 'tsconfig.build.json']);
  // The client that goes to browsers gets the operations list as a plain table.
  run(process.execPath, [join(root, 'dist', 'src', 'contract', 'write.js')]);
  writeFileSync(stamp, '');
}

install();
switch (task) {
  case 'setup':
    break;
  case 'build':
    build();
    break;
  case 'start': {
    build();
    // In this very process, so that Ctrl-C and SIGTERM reach the server and nobody else.
    process.argv = [process.argv[0], join(root, 'dist', 'src', 'cli', 'main.js'), 'start', ...args];
    await import(new URL('../dist/src/cli/main.js', import.meta.url).href);
    break;
  }
  case 'test':
    build();
    run(bin('vitest'), ['run', ...args]);
    break;
  case 'verify':
    run(bin('biome'), ['ci', '--error-on-warnings', '.']);
    run(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']);
    run(bin('vitest'), ['run', 'test/house.test.ts']);
    break;
  default:
    fail(`unknown task "${task}"`, 2);
}
