/** Compared secrets and Basic credentials. */
import { describe, expect, it } from 'vitest';
import { basicAuthMatches, parseBasicAuth, secretsEqual } from '../../src/auth/index.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('secretsEqual', () => {
  it('holds for the same text only, whatever the lengths', () => {
    expect(secretsEqual('opensesame', 'opensesame')).toBe(true);
    expect(secretsEqual('', '')).toBe(true);
    for (const other of ['opensesam', 'opensesame ', 'Opensesame', '', 'opensesamf']) {
      expect(secretsEqual(other, 'opensesame')).toBe(false);
    }
  });
});

describe('parseBasicAuth', () => {
  it('reads user and password, which may hold colons and any script', () => {
    // RFC 7617, section 2 and 2.1.
    expect(parseBasicAuth('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')).toEqual({ user: 'Aladdin', password: 'open sesame' });
    expect(parseBasicAuth('Basic dGVzdDoxMjPCow==')).toEqual({ user: 'test', password: '123£' });
    expect(parseBasicAuth(basic('a:b:c').replace('Basic', 'bASIC'))).toEqual({ user: 'a', password: 'b:c' });
    expect(parseBasicAuth(basic(':'))).toEqual({ user: '', password: '' });
  });

  const bad: readonly (readonly [string, string | undefined])[] = [
    ['absent', undefined],
    ['empty', ''],
    ['without credentials', 'Basic '],
    ['of another scheme', 'Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ['not base64', 'Basic a:b'],
    ['without a colon', basic('aladdin')],
    ['not UTF-8', `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`],
    ['with a NUL', basic('a:\0')],
  ];
  for (const [what, header] of bad) {
    it(`answers nothing for a header that is ${what}`, () => expect(parseBasicAuth(header)).toBeUndefined());
  }
});

describe('basicAuthMatches', () => {
  const wanted = { user: 'prom', password: 's3cret' };
  it('holds when both halves do', () => {
    expect(basicAuthMatches(basic('prom:s3cret'), wanted)).toBe(true);
    for (const given of ['prom:wrong', 'other:s3cret', 'prom:', ':s3cret', ':']) {
      expect(basicAuthMatches(basic(given), wanted)).toBe(false);
    }
  });

  it('does not take a missing header for empty credentials', () => {
    expect(basicAuthMatches(undefined, { user: '', password: '' })).toBe(false);
  });
});
