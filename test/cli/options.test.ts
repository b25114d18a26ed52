import { describe, expect, it } from 'vitest';
import { NAMES } from '../../bench/index.ts';
import { synod } from './synod.ts';

const BAD: readonly [what: string, args: readonly string[], env: Record<string, string>, line: string][] = [
  ['an unknown command', ['nonsense'], {}, 'unknown command "nonsense"; one of serve, '],
  ['a command named like a property', ['constructor'], {}, 'unknown command "constructor"; one of serve, '],
  ['help on an unknown command', ['help', 'nonsense'], {}, 'unknown command "nonsense"; one of serve, '],
  ['an unknown option', ['serve', '--prot', '1'], {}, 'synod serve takes no --prot; see synod help serve'],
  ['a short option', ['serve', '-p', '1'], {}, 'synod serve takes no -p; see synod help serve'],
  ['a word too many', ['routes', 'all'], {}, 'synod routes takes no "all"; see synod help routes'],
  ['a missing value at the end', ['serve', '--port'], {}, '--port has no value, wanted --port N'],
  [
    'a missing value in front of an option',
    ['serve', '--data', '--port', '0'],
    {},
    '--data has no value, wanted --data DIR',
  ],
  ['a value for a switch', ['routes', '--json=yes'], {}, '--json takes no value, found "yes"'],
  ['a port that is no number', ['serve', '--port', 'x'], {}, '--port is "x", wanted a whole number from 0 to 65535'],
  ['a negative port', ['serve', '--port', '-1'], {}, '--port is "-1", wanted a whole number from 0 to 65535'],
  ['an unknown level', ['serve', '--log-level', 'loud'], {}, '--log-level is "loud", wanted one of fatal, '],
  ['a bad variable', ['serve'], { SYNOD_PORT: '99999' }, 'SYNOD_PORT is "99999", wanted a whole number'],
  [
    "a bad variable of the seed's",
    ['serve'],
    { SEMVEC_ALLOW_ANONYMOUS: 'perhaps' },
    'SEMVEC_ALLOW_ANONYMOUS is "perhaps", wanted 1 or 0',
  ],
  [
    'a bad variable for an option of its own',
    ['routes'],
    { SYNOD_JSON: 'perhaps' },
    'SYNOD_JSON is "perhaps", wanted 1 or 0',
  ],
  [
    'a token without a subject',
    ['token', '--tier', 'pro', '--key', 'k'],
    {},
    '--subject is missing, wanted --subject NAME',
  ],
  ['a token without a tier', ['token', '--subject', 's', '--key', 'k'], {}, '--tier is missing, wanted --tier TIER'],
  ['a token without a key', ['token', '--subject', 's', '--tier', 'pro'], {}, '--key is missing, wanted --key FILE'],
  [
    'an unknown tier',
    ['token', '--subject', 's', '--key', 'k', '--tier', 'gold'],
    {},
    '--tier is "gold", wanted one of community, pro, enterprise',
  ],
  [
    'an endless token',
    ['token', '--subject', 's', '--key', 'k', '--tier', 'pro', '--ttl', '0'],
    {},
    '--ttl is "0", wanted a whole number from 1',
  ],
  [
    'a reserved subject',
    ['token', '--subject', 'anonymous', '--key', 'k', '--tier', 'pro'],
    {},
    '--subject is "anonymous", wanted another one: the subject anonymous is reserved',
  ],
  [
    'data in memory where files are wanted',
    ['inspect', '--data', ':memory:'],
    {},
    '--data is ":memory:", wanted a directory',
  ],
  ['half an address', ['inspect', '--actor', 'a/b'], {}, '--actor is "a/b", wanted tenant/kind/id'],
  ['an export to nowhere', ['export'], {}, '--out is missing, wanted --out FILE'],
  ['an import from nowhere', ['import'], {}, '--in is missing, wanted --in FILE'],
  ['an unknown benchmark', ['bench', 'speed'], {}, `there is no benchmark "speed"; one of ${NAMES.join(', ')} wanted`],
  ['no time at all', ['bench', '--seconds', '0'], {}, '--seconds is "0", wanted seconds from 0.05 to 600'],
  [
    'a target that is no URL',
    ['demo', '--target', 'localhost:1'],
    {},
    '--target is "localhost:1", wanted an http or https URL',
  ],
];

describe('a wrong call', () => {
  it.each(BAD)('with %s gets one clear line and exit code 2', async (_what, args, env, line) => {
    const { code, stdout, stderr } = await synod(args, { env });
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(`synod: ${line}`),
    });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('never shows a secret', async () => {
    const { code, stderr } = await synod(['demo', '--token', 'hush', '--target', 'nowhere']);
    expect(code).toBe(2);
    expect(stderr).not.toContain('hush');
  });
});

describe('an option', () => {
  it('can be given in the environment', async () => {
    const { stdout } = await synod(['routes'], { env: { SYNOD_JSON: '1' } });
    expect(JSON.parse(stdout)).toBeInstanceOf(Array);
  });
});
