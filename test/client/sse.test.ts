import { describe, expect, it } from 'vitest';
import { Parser, readEvents } from '../../src/client/sse.ts';

/** Every way to cut a text in two must come to the same. */
function parseAll(text: string) {
  const whole = [...new Parser().take(text)];
  for (let i = 1; i < text.length; i++) {
    const parser = new Parser();
    expect([...parser.take(text.slice(0, i)), ...parser.take(text.slice(i))], `cut at ${i}`).toEqual(whole);
  }
  return whole;
}

describe('server-sent events', () => {
  it.each([
    ['an event', 'id: 1\ndata: a\n\n', [{ event: 'message', data: 'a', id: '1' }]],
    ['a named one', 'event: lagged\ndata:{}\n\n', [{ event: 'lagged', data: '{}', id: null }]],
    ['lines of data', 'data: a\ndata: b\ndata\n\n', [{ event: 'message', data: 'a\nb\n', id: null }]],
    ['any end of line', 'data: a\r\n\r\ndata: b\r\rdata: c\n\n', ['a', 'b', 'c'].map((data) => ({ data }))],
    ['comments and fields nobody knows', ': hi\nretry: 5\nfoo: bar\ndata: a\n\n', [{ data: 'a' }]],
    ['no event without data', 'event: x\nid: 4\n\ndata: a\n\n', [{ event: 'message', data: 'a', id: '4' }]],
    ['the last id for all that follow', 'id: 4\ndata: a\n\ndata: b\n\n', [{ id: '4' }, { id: '4' }]],
    ['no id with a NUL', 'id: 4\0\ndata: a\n\n', [{ id: null }]],
    ['colons in data', 'data: a: b:c\n\n', [{ data: 'a: b:c' }]],
    ['one space taken off', 'data:  a\n\n', [{ data: ' a' }]],
    ['nothing that was cut off', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ])('give %s', (_, text, expected) => {
    expect(parseAll(text)).toMatchObject(expected);
    expect(parseAll(text)).toHaveLength(expected.length);
  });

  it('may cut a letter in two', async () => {
    const bytes = new TextEncoder().encode('data: grün\n\n');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const heard: string[] = [];
    for await (const { data } of readEvents(body, () => {})) heard.push(data);
    expect(heard).toEqual(['grün']);
  });

  it('call a silent server silent only while somebody listens', async () => {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (own) => {
        controller = own;
      },
    });
    let silences = 0;
    const silent = () => {
      silences++;
      controller.close();
    };
    controller.enqueue(new TextEncoder().encode('data: a\n\n'));
    const events = readEvents(body, silent, 20);
    await events.next();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(silences).toBe(0);
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(silences).toBe(1);
  });
});
