import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BIN, fill, serve, synod, tempDir } from './synod.ts';

const run = promisify(execFile);

describe('synod serve', () => {
  it('says where it listens in its first line, and prints a curl that runs', async () => {
    const server = await serve(['start', '--data', join(await tempDir(), 'data')]);
    const [first, second, third, ...rest] = server.lines;
    expect(first).toMatch(/^synod listening on http:\/\/127\.0\.0\.1:\d+$/);
    expect(rest).toEqual([]);
    const { stdout } = await run('sh', ['-c', second!.replace(/^try this: /, '')]);
    expect(JSON.parse(stdout)).toMatchObject({ session_id: expect.any(String), context: expect.any(String) });
    expect((await fetch(third!.replace(/^docs: +/, ''))).status).toBe(200);
    await server.stop();
  });

  it('takes a data directory from where it was called', async () => {
    const cwd = await tempDir();
    const server = await serve(['start', '--data', './elsewhere'], { cwd });
    expect((await server.stop()).code).toBe(0);
    expect(JSON.parse(await readFile(join(cwd, 'elsewhere', 'format.json'), 'utf8'))).toMatchObject({
      product: 'synod',
    });
  });

  it('refuses everybody and warns when it has neither a key nor anonymous mode', async () => {
    const server = await serve(['--data', ':memory:']);
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(`${server.url}/v1/run`, { method: 'POST', headers, body: '{"message":"hello"}' });
    expect(reply.status).toBe(401);
    expect((await server.stop()).stderr).toContain('every request will be refused with 401');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('drains and exits with 0 on %s', async (signal) => {
    const server = await serve(['--data', join(await tempDir(), 'data'), '--allow-anonymous']);
    const { code, stderr } = await server.stop(signal);
    expect(code).toBe(0);
    expect(stderr).toContain('"msg":"stopped"');
  });

  it('ends at once on a second signal', async () => {
    const server = await serve(['--data', ':memory:', '--allow-anonymous']);
    // A request whose body never comes holds the drain up.
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    socket.write(
      'POST /v1/run HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n',
    );
    await new Promise((resolve) => socket.once('data', resolve));
    const draining = new Promise<void>((resolve) => {
      server.child.stderr!.on('data', (text: string) => text.includes('draining') && resolve());
    });
    server.child.kill('SIGTERM');
    await draining;
    expect((await server.stop('SIGTERM')).code).toBe(143);
  });

  it('outlives its terminal', async () => {
    const server = await serve(['--data', ':memory:', '--allow-anonymous']);
    server.child.kill('SIGHUP');
    expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
    expect((await server.stop()).code).toBe(0);
  });

  it('goes on when nobody reads its output any more', async () => {
    const server = await serve(['--data', ':memory:', '--allow-anonymous']);
    server.child.stdout!.destroy();
    server.child.stderr!.destroy();
    for (let i = 0; i < 3; i++) expect((await fetch(`${server.url}/v1/health`)).status).toBe(200);
    expect((await server.stop()).code).toBe(0);
  });
});

describe('a server that cannot start says why in one line', () => {
  const fails = async (args: readonly string[], line: string | RegExp) => {
    const { code, stdout, stderr } = await synod(['serve', '--allow-anonymous', ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  };

  it('when the port is busy', async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void busy.close());
    const { port } = busy.address() as { port: number };
    await fails(['--data', ':memory:', '--port', String(port)], `synod: port ${port} is in use on 127.0.0.1`);
  });

  it('when the data directory is open in another process', async () => {
    const data = join(await tempDir(), 'data');
    const server = await serve(['--data', data, '--allow-anonymous']);
    await fails(['--port', '0', '--data', data], `data directory ${data} is in use by process ${server.child.pid}`);
    await server.stop();
  });

  it('when the data directory is a file', async () => {
    const data = join(await tempDir(), 'data');
    await writeFile(data, '');
    await fails(['--port', '0', '--data', data], `data directory ${data} cannot be written: ENOTDIR`);
  });

  it('when nothing can be made where the data directory is to be', async () => {
    await fails(
      ['--port', '0', '--data', '/proc/x/y'],
      /^synod: data directory \/proc\/x\/y cannot be written: E\w+$/m,
    );
  });

  it('when the data comes from a newer version', async () => {
    const data = join(await tempDir(), 'data');
    await mkdir(data);
    await writeFile(join(data, 'format.json'), '{"format":99,"product":"synod"}');
    await fails(['--port', '0', '--data', data], /has format 99, this program reads up to \d+; upgrade synod/);
  });

  it('when the data is damaged', async () => {
    const data = join(await tempDir(), 'data');
    await fill(data, 1);
    await writeFile(join(data, 'data.mdb'), 'rubbish');
    await fails(['--port', '0', '--data', data], /data\.mdb is damaged/);
  });

  it('when anonymous mode would be open to others', async () => {
    await fails(['--port', '0', '--data', ':memory:', '--host', '0.0.0.0'], /0\.0\.0\.0 is not a loopback address/);
  });

  it('when there is no key file', async () => {
    await fails(
      ['--port', '0', '--data', ':memory:', '--key', '/nowhere/key.jwk'],
      /key file \/nowhere\/key\.jwk: there is no such file/,
    );
  });
});

describe('a reader that stops early', () => {
  it.each([['routes'], ['help'], ['demo']])('sees no stack of synod %s', async (name) => {
    const { stderr } = await run('sh', ['-c', `"${process.execPath}" "${BIN}" ${name} | head -1`]);
    expect(stderr).toBe('');
  });
});
