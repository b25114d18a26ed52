/** What listeners in the process hear of the shared environment. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FeedItem } from '../../src/environment/feed.ts';
import { createRuntime } from '../../src/runtime.ts';
import { type LogLine, memoryLogger, testConfig } from '../support/server.ts';

async function open() {
  const log: LogLine[] = [];
  const runtime = await createRuntime({ config: testConfig(), logger: memoryLogger(log) });
  onTestFinished(runtime.close);
  const { environment } = runtime.services;
  let n = 0;
  const post = async (changes: object = {}, tenant = 'ada') => {
    const draft = { type: 'proposal', scope: 's', trace_id: 't', agent_id: 'a', payload: {}, ...changes } as const;
    const poster = { tenant, requestId: `r${n++}`, newId: () => crypto.randomUUID() };
    return (await environment.post(poster, draft)).event;
  };
  return { feed: environment.feed, environment, post, log };
}

const seqs = (calls: readonly (readonly FeedItem[])[]) => calls.flat().map(({ seq }) => seq);

describe('a listener', () => {
  it('hears events and changed signals by rising sequence number, those of one commit in one call', async () => {
    const { feed, environment, post } = await open();
    const calls: (readonly FeedItem[])[] = [];
    feed.listen('ada', (items) => calls.push(items));
    const posted = await Promise.all(Array.from({ length: 20 }, (_, n) => post({ scope: `s.${n}` })));
    expect(calls.length).toBeLessThan(posted.length);
    expect(seqs(calls)).toEqual([...seqs(calls)].sort((a, b) => a - b));
    const events = calls.flat().flatMap(({ event }) => (event ? [event] : []));
    expect(events.map(({ id }) => id).sort()).toEqual(posted.map(({ id }) => id).sort());
    const signals = calls.flat().flatMap(({ signal }) => (signal ? [signal] : []));
    expect(signals.map(({ scope }) => scope).sort()).toEqual(posted.map(({ scope }) => scope).sort());
    const [first] = calls.flat();
    expect(environment.seqOf('ada', first!.event!.id)).toBe(first!.seq);
  });

  it('hears its own tenant, until it stops', async () => {
    const { feed, post } = await open();
    const heard: string[] = [];
    const stop = feed.listen('ada', (items) => heard.push(...items.flatMap(({ event }) => (event ? [event.id] : []))));
    await post({}, 'bob');
    const { id } = await post();
    stop();
    stop();
    await post();
    expect(heard).toEqual([id]);
  });

  it('that throws is reported, and the others hear all the same', async () => {
    const { feed, post, log } = await open();
    const heard: FeedItem[] = [];
    feed.listen('ada', () => {
      throw new Error('of its own');
    });
    feed.listen('ada', (items) => heard.push(...items));
    await post();
    await post();
    expect(heard.filter(({ event }) => event)).toHaveLength(2);
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  it('hears the end of a signal with strength 0, by the rules it had', async () => {
    const { feed, post } = await open();
    const signals: object[] = [];
    feed.listen('ada', (items) => signals.push(...items.flatMap(({ signal }) => (signal ? [signal] : []))));
    await post({ payload: { action: 'a' } });
    await post({ type: 'penalty', payload: { action: 'a', value: 1 } });
    expect(signals).toMatchObject([
      { pattern: 'a', strength: 0.3 },
      { pattern: 'a', strength: 0, alpha: 1.2, lambda: 0.95, last_updated: expect.stringMatching(/Z$/) },
    ]);
  });
});
