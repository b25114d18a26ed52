/** One attempt: what counts as delivered, and what a hostile receiver can do. */
import { getEventListeners } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SystemClock } from '../../src/clock.ts';
import { Line } from '../../src/webhooks/line.ts';
import { Interrupted, type Outcome, post, type Wire } from '../../src/webhooks/post.ts';
import { FakeClock } from '../support/clock.ts';
import { type Receiver, receiver, saying, status, UPGRADE, until } from './receiver.ts';

const nowhere = async () => {
  throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
};

const wired = (changes: Partial<Wire> = {}): Wire => ({
  resolve: nowhere,
  allowPrivate: true,
  clock: new SystemClock(),
  ...changes,
});

const going = new AbortController().signal;
const letter = (url: string) => ({ url, headers: { 'x-test': 'yes' }, body: '{"a":"ü"}' });
const attempt = (url: string, wire: Partial<Wire> = {}): Promise<Outcome> =>
  post(letter(url), wired(wire), new Line(), going);

/** An attempt at a receiver that has it by now; time stands still until it is told to pass. */
async function stuck(there: Receiver): Promise<{ clock: FakeClock; outcome: () => Outcome | null }> {
  const clock = new FakeClock();
  let outcome: Outcome | null = null;
  void attempt(there.url, { clock }).then((value) => {
    outcome = value;
  });
  await until(() => there.received.length > 0);
  return { clock, outcome: () => outcome };
}

describe('an attempt', () => {
  it('hands the body over with its headers', async () => {
    const there = await receiver();
    expect(await attempt(there.url)).toEqual({ status: 204, error: null, ms: expect.any(Number) });
    const [received] = there.received;
    expect(received).toMatchObject({
      method: 'POST',
      path: '/hook',
      text: '{"a":"ü"}',
      headers: {
        'content-type': 'application/json',
        'content-length': '10',
        'x-test': 'yes',
        host: `127.0.0.1:${there.port}`,
      },
    });
  });

  it.each([200, 201, 202, 299])('is done with a %i', async (code) => {
    const there = await receiver(status(code));
    expect(await attempt(there.url)).toMatchObject({ status: code, error: null });
  });

  it.each([400, 401, 404, 410, 429, 500, 503])('failed with a %i', async (code) => {
    const there = await receiver(status(code));
    expect(await attempt(there.url)).toMatchObject({ status: code, error: `answered ${code}` });
  });

  it.each([
    ['000', 0],
    ['099', 99],
    ['600', 600],
    ['999', 999],
  ])('failed with a %s, which is no status', async (text, found) => {
    const there = await saying(`HTTP/1.1 ${text} X\r\nContent-Length: 0\r\n\r\n`);
    expect(await attempt(there.url)).toMatchObject({ status: null, error: `no answer: ${found} is no HTTP status` });
  });

  it('failed when nobody listens, and when there is no such name', async () => {
    const there = await receiver();
    await there.close();
    expect(await attempt(there.url)).toMatchObject({ status: null, error: 'no answer: ECONNREFUSED' });
    expect(await attempt('http://nowhere.example/')).toMatchObject({ status: null, error: 'no answer: ENOTFOUND' });
  });

  it('failed when the answer is no HTTP', async () => {
    const { url } = await saying('SSH-2.0-OpenSSH_9.2\r\n');
    const { status: code, error } = await attempt(url);
    expect([code, error]).toEqual([null, expect.stringMatching(/^no answer: HPE_/)]);
    expect(error).not.toContain('SSH');
  });
});

describe('a receiver', () => {
  it('that hangs is given up after ten seconds', async () => {
    const there = await receiver(() => {});
    const { clock, outcome } = await stuck(there);
    await clock.advance(9_999);
    expect(outcome()).toBeNull();
    await clock.advance(1);
    expect(outcome()).toEqual({ status: null, error: 'no answer within 10 s', ms: 10_000 });
  });

  it.each([
    [200, null],
    [500, 'answered 500'],
  ])('that sends a %i and then hangs has said enough', async (code, error) => {
    const there = await receiver((_received, response) => void response.writeHead(code).write('wait for it'));
    const { clock, outcome } = await stuck(there);
    await until(async () => {
      await clock.advance(100);
      return outcome() !== null;
    });
    expect(outcome()).toMatchObject({ status: code, error });
    expect(outcome()!.ms).toBeLessThan(10_000);
  });

  it('that wants to speak another protocol is hung up on', async () => {
    const there = await saying(UPGRADE);
    const error = 'answered 101; no other protocol is spoken';
    expect(await attempt(there.url)).toMatchObject({ status: 101, error });
    await until(() => there.open() === 0);
  });

  it('that drips its headers is given up all the same', async () => {
    let closed = false;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('close', () => {
        closed = true;
      });
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nX-Slow: a'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const clock = new FakeClock();
    const outcome = attempt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { clock });
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ status: null, error: 'no answer within 10 s' });
    await until(() => closed);
  });

  it('that answers without end is not listened to for long', async () => {
    let sent = 0;
    let closed = false;
    const there = await receiver((_received, response) => {
      const chunk = Buffer.alloc(65_536);
      const more = () => {
        while (!closed) {
          sent += chunk.length;
          if (!response.write(chunk)) break;
        }
      };
      response.on('drain', more).on('close', () => {
        closed = true;
      });
      response.writeHead(200);
      more();
    });
    expect(await attempt(there.url)).toMatchObject({ status: 200, error: null });
    await until(() => closed);
    expect(sent).toBeLessThan(50 * 2 ** 20);
  });

  it.each([301, 302, 303, 307, 308])('that redirects with %i to a private address is not followed', async (code) => {
    const inside = await receiver();
    const there = await receiver(status(code, { location: inside.url }));
    expect(await attempt(there.url)).toMatchObject({ status: code, error: expect.stringContaining('not followed') });
    expect(inside.connections).toBe(0);
  });
});

describe('the address of a name', () => {
  it('is asked for once: what was checked is what is connected to', async () => {
    const there = await receiver();
    let asked = 0;
    const resolve = async () => {
      asked++;
      // Whoever asks again is led somewhere else.
      return asked === 1 ? ['127.0.0.1'] : ['127.0.0.2'];
    };
    expect(await attempt(`http://rebinding.example:${there.port}/hook`, { resolve })).toMatchObject({ status: 204 });
    expect(asked).toBe(1);
    expect(there.received[0]?.headers.host).toBe(`rebinding.example:${there.port}`);
  });

  it('is not connected to when it is private', async () => {
    const there = await receiver();
    for (const url of [there.url, `http://rebound.example:${there.port}/`]) {
      const outcome = await attempt(url, { allowPrivate: false, resolve: async () => ['127.0.0.1'] });
      expect(outcome).toMatchObject({ status: null, error: 'the URL leads to an address that is not public' });
    }
    expect(there.connections).toBe(0);
  });

  it('is waited for no longer than for an answer', async () => {
    const clock = new FakeClock();
    const outcome = attempt('http://slow.example/', { clock, resolve: () => new Promise(() => {}) });
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ status: null, error: 'no answer within 10 s' });
  });
});

describe('whoever wants an attempt to end', () => {
  it('breaks it off, and it counts as none', async () => {
    let closed = false;
    const there = await receiver((_received, response) => {
      response.on('close', () => {
        closed = true;
      });
    });
    const stop = new AbortController();
    const outcome = post(letter(there.url), wired(), new Line(), stop.signal);
    const ended = expect(outcome).rejects.toBeInstanceOf(Interrupted);
    await until(() => there.received.length > 0);
    stop.abort();
    await ended;
    await until(() => closed);
  });

  it('is kept in mind by no attempt that is over, however it ended', async () => {
    // What it makes stays with its sources for as long as they live, and `stop` lives as long as the process.
    const any = vi.spyOn(AbortSignal, 'any');
    onTestFinished(() => any.mockRestore());
    const stop = new AbortController();
    const kept = () => getEventListeners(stop.signal, 'abort').length;
    const keptMeanwhile: number[] = [];
    const there = await receiver((received, response, request) => {
      keptMeanwhile.push(kept());
      status(received.path === '/bad' ? 500 : 204)(received, response, request);
    });
    const over = (path: string, wire: Partial<Wire> = {}) =>
      post(letter(new URL(path, there.url).href), wired(wire), new Line(), stop.signal);
    expect(await over('/good')).toMatchObject({ status: 204 });
    expect(await over('/bad')).toMatchObject({ status: 500 });
    expect(await over('http://nowhere.example/')).toMatchObject({ status: null });
    expect(await over('/good', { allowPrivate: false })).toMatchObject({ status: null });
    const clock = new FakeClock();
    const late = over('http://slow.example/', { clock, resolve: () => new Promise(() => {}) });
    await clock.advance(10_000);
    expect(await late).toMatchObject({ error: 'no answer within 10 s' });
    expect(keptMeanwhile).toEqual([1, 1]);
    expect(kept()).toBe(0);
    expect(any).not.toHaveBeenCalled();
  });

  it('may have done so before the attempt began', async () => {
    const there = await receiver();
    await expect(post(letter(there.url), wired(), new Line(), AbortSignal.abort())).rejects.toBeInstanceOf(Interrupted);
    expect(there.received).toEqual([]);
  });
});

describe('a connection', () => {
  const over = (line: Line, url: string, wire: Partial<Wire> = {}) => post(letter(url), wired(wire), line, going);

  it('is kept for the next event, and opened anew when the name leads elsewhere', async () => {
    const there = await receiver(status(200));
    const line = new Line();
    let addresses = ['127.0.0.1'];
    const resolve = async () => addresses;
    const url = `http://hooks.example:${there.port}/`;
    for (let i = 0; i < 3; i++) expect(await over(line, url, { resolve })).toMatchObject({ status: 200 });
    expect(there.connections).toBe(1);
    addresses = ['127.0.0.1', '127.0.0.2'];
    expect(await over(line, url, { resolve })).toMatchObject({ status: 200 });
    expect(there.connections).toBe(2);
    line.close();
  });

  it('that is kept helps nobody past the check', async () => {
    const there = await receiver(status(200));
    const line = new Line();
    expect(await over(line, there.url)).toMatchObject({ status: 200 });
    expect(await over(line, there.url, { allowPrivate: false })).toMatchObject({ status: null });
    expect(there.received).toHaveLength(1);
    line.close();
  });

  it('the receiver closed in between is opened again within the attempt', async () => {
    const there = await receiver((_received, response) => {
      response.writeHead(200).end();
      // After the answer, without saying so: as a restart of the receiver does.
      setTimeout(() => response.socket?.destroy(), 0);
    });
    const line = new Line();
    for (let i = 0; i < 5; i++) expect(await over(line, there.url)).toMatchObject({ status: 200, error: null });
    expect(there.received.length).toBeGreaterThanOrEqual(5);
    line.close();
  });

  it('is not kept after an answer that did not end', async () => {
    const there = await receiver((_received, response) => void response.writeHead(200).write('x'.repeat(200_000)));
    const line = new Line();
    for (let i = 0; i < 2; i++) expect(await over(line, there.url)).toMatchObject({ status: 200 });
    expect(there.connections).toBe(2);
    line.close();
  });
});
