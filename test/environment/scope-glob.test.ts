/** What a scope glob matches, and that no glob makes matching explode. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileScopeGlobs } from '../../src/environment/scope-glob.ts';
import { SDL } from '../../src/graphql/sdl.ts';
import { createOpenApi } from '../../src/http/openapi.ts';
import { OPERATIONS } from '../../src/operations/index.ts';

const matches = (glob: string, scope: string) => compileScopeGlobs([glob])(scope);

/** An independent reading of the same rules: every way to share out the segments is tried. Exponential, so for short ones. */
function naive(glob: string, scope: string): boolean {
  const parts = glob.split('.');
  const trailing = parts.length > 1 && parts.at(-1) === '*';
  const one = (wanted: string, found: string): boolean => {
    if (wanted === '') return found === '';
    if (wanted[0] !== '*') return wanted[0] === found[0] && found !== '' && one(wanted.slice(1), found.slice(1));
    return one(wanted.slice(1), found) || (found !== '' && one(wanted, found.slice(1)));
  };
  const all = (wanted: readonly string[], found: readonly string[]): boolean => {
    const [first, ...rest] = wanted;
    if (first === undefined) return found.length === 0;
    if (first === '**') return all(rest, found) || (found.length > 0 && all(wanted, found.slice(1)));
    return found.length > 0 && one(first, found[0]!) && all(rest, found.slice(1));
  };
  return all(trailing ? [...parts, '**'] : parts, scope.split('.'));
}

describe('a scope glob', () => {
  it.each([
    ['ui.login', 'ui.login'],
    ['ui.*', 'ui.login'],
    ['ui.*', 'ui.login.form'],
    ['api.users.*', 'api.users.create'],
    ['*', 'ui'],
    ['*.login', 'ui.login'],
    ['ui.*.done', 'ui.login.done'],
    ['ui.*.*', 'ui.login.form.field'],
    ['**', 'ui'],
    ['**', 'ui.login.form'],
    ['ui.**', 'ui'],
    ['ui.**', 'ui.login.form'],
    ['**.form', 'form'],
    ['**.form', 'ui.login.form'],
    ['a.**.b.**.c', 'a.x.b.y.b.c'],
    ['user-*.log', 'user-7.log'],
    ['a/b%*', 'a/b%c'],
    ['☃*', '☃🂡'],
    ['a..*', 'a..b'],
  ])('%s matches %s', (glob, scope) => expect(matches(glob, scope)).toBe(true));

  it.each([
    ['ui', 'ui.login'],
    ['ui.login', 'ui'],
    ['ui.*', 'ui'],
    ['ui.*', 'api.login'],
    ['ui.*', 'uix.login'],
    ['*', 'ui.login'],
    ['*.login', 'a.ui.login'],
    ['ui.*.done', 'ui.a.b.done'],
    ['ui.*.*', 'ui.login'],
    ['**.form', 'ui.forms'],
    ['UI.*', 'ui.login'],
    ['user-*', 'user-7.log'],
    ['u.i', 'uxi'],
    ['(a+)+.*', 'aaaa.b'],
  ])('%s does not match %s', (glob, scope) => expect(matches(glob, scope)).toBe(false));

  it('is one of a list: any of them is enough, and an empty list lets everything through', () => {
    const chosen = compileScopeGlobs(['ui.*', 'api.users.*', 'crew']);
    expect(['ui.a', 'api.users.create', 'crew', 'api.orders.create', 'crew.a'].map(chosen)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(compileScopeGlobs([])('anything.at.all')).toBe(true);
  });

  it('agrees with trying every possibility', () => {
    const glob = fc.array(fc.constantFrom('a', 'b', 'ab', '*', '**', 'a*', '*b', ''), { minLength: 1, maxLength: 6 });
    const scope = fc.array(fc.constantFrom('a', 'b', 'ab', 'aab', ''), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(glob, scope, (wanted, found) => {
        expect(matches(wanted.join('.'), found.join('.'))).toBe(naive(wanted.join('.'), found.join('.')));
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not explode on a glob made to explode', () => {
    const began = process.cpuUsage();
    expect(matches(`${'**.a.'.repeat(100)}b`, `${'a.'.repeat(250)}c`)).toBe(false);
    expect(matches(`${'*a'.repeat(250)}b`, 'a'.repeat(500))).toBe(false);
    // Backtracking would need more than 10^50 steps; this is 10^5.
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
  });
});

it('every place that takes scope globs says what may stand in one, a star inside a segment too', () => {
  const { paths } = createOpenApi(OPERATIONS, '1');
  const scopes = ['/api/events', '/api/events/trace/{traceId}', '/api/signals'].map((path) =>
    paths[path]!.get!.parameters.find(({ name }) => name === 'scope'),
  );
  const webhook = paths['/api/webhooks']!.post!.requestBody!.content['application/json']!.schema;
  const { scopes: delivered } = webhook.properties as Record<string, { description: string }>;
  for (const place of [...scopes, delivered]) {
    for (const example of ['user-*', '.*', '**']) expect(place?.description).toContain(example);
  }
  expect(SDL.match(/a glob[^\n]*/g)).toEqual(Array.from({ length: 4 }, () => expect.stringContaining('user-*')));
});
