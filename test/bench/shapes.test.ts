import { describe, expect, it } from 'vitest';
import { lengthOf, parseShapes, peakOf, SHAPE_NAMES, scaleTo, usersAt, windowOf } from '../../bench/load/shapes.ts';
import { checkTarget } from '../../bench/load/target.ts';
import { between, createRandom, messageOf } from '../../bench/load/words.ts';

describe('a load shape', () => {
  it('is found by its name, once, in the order asked for', () => {
    expect(parseShapes('200, 30,200').map(({ users }) => users)).toEqual([200, 30]);
    expect(parseShapes(SHAPE_NAMES.join(',')).map(({ users }) => users)).toEqual([30, 60, 200, 400, 1_000]);
  });

  it.each(['', '31', '30,', 'all', '30;60', '__proto__'])('is refused when it is "%s"', (text) => {
    expect(() => parseShapes(text)).toThrow(/--shape is .*, wanted some of 30,60,200,400,1000/);
  });

  it('has the published length, and any other when scaled', () => {
    const [shape] = parseShapes('30');
    // 5 + 8 + 5 + 8 + 15.
    expect(lengthOf(shape!.stages)).toBe(41);
    const scaled = scaleTo(shape!.stages, 4.1);
    expect(scaled.map(({ seconds }) => Number(seconds.toFixed(9)))).toEqual([0.5, 0.8, 0.5, 0.8, 1.5]);
    expect(scaled.map(({ users }) => users)).toEqual([15, 15, 30, 30, 0]);
  });

  it('says how many users are at work at a moment', () => {
    const { stages } = parseShapes('30')[0]!;
    // Half of the ramp to 15; the plateau; half of the ramp to 30; the peak; a third of the way down; after the end.
    const seconds = [0, 2.5, 10, 15.5, 20, 31, 41, 50];
    expect(seconds.map((second) => usersAt(stages, second))).toEqual([0, 7.5, 15, 22.5, 30, 20, 0, 0]);
  });

  it('lets each user come and go once, the last to come being the first to go', () => {
    const { stages } = parseShapes('30')[0]!;
    expect(windowOf(stages, 0)).toEqual({ from: 0, to: 41 });
    // 15 is where the plateau ends: user 15 comes at 13 s and goes half-way down, at 26 + 7.5.
    expect(windowOf(stages, 15)).toEqual({ from: 13, to: 33.5 });
    for (const index of [3, 17, 29]) {
      const { from, to } = windowOf(stages, index);
      expect([usersAt(stages, from + 1e-6) > index, usersAt(stages, to - 1e-6) > index]).toEqual([true, true]);
      expect([usersAt(stages, from - 1e-6) > index, usersAt(stages, to + 1e-6) > index]).toEqual([false, false]);
    }
    expect(peakOf(stages)).toEqual({ from: expect.closeTo(18, 6), to: expect.closeTo(26, 6) });
  });
});

describe('a message', () => {
  it('has 200 words from a pool of 26, and is the same in every run', () => {
    const text = messageOf(createRandom(1));
    expect(text.split(' ')).toHaveLength(200);
    expect(messageOf(createRandom(1))).toBe(text);
    const many = Array.from({ length: 50 }, (_, seed) => messageOf(createRandom(seed)));
    expect(new Set(many.join(' ').split(' ')).size).toBe(26);
    expect(new Set(many).size).toBe(50);
  });

  it('comes in conversations of every length from the shortest to the longest', () => {
    const random = createRandom(3);
    const lengths = new Set(Array.from({ length: 500 }, () => between(random, [6, 10])));
    expect([...lengths].sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10]);
  });
});

describe('a target', () => {
  it.each([
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['http://127.1.2.3', 'http://127.1.2.3'],
    ['http://[::1]:80/synod/', 'http://[::1]/synod'],
    ['https://localhost:1', 'https://localhost:1'],
  ])('on this machine is loaded: %s', (target, wanted) => {
    expect(checkTarget(target, false)).toBe(wanted);
  });

  it.each([
    'http://10.0.0.1',
    'https://example.org',
    'http://127.0.0.1.example.org',
    'http://localhost.example',
    'http://0.0.0.0',
  ])('elsewhere wants a yes: %s', (target) => {
    expect(() => checkTarget(target, false)).toThrow(/not on this machine.*--yes/s);
    expect(checkTarget(target, true)).toBe(target);
  });

  it.each(['', 'localhost:80', 'ftp://localhost', 'file:///etc', 'http://a:b@localhost', 'http://localhost?x=1'])(
    'is refused when it is no address: %s',
    (target) => {
      expect(() => checkTarget(target, true)).toThrow(/--target/);
    },
  );
});
