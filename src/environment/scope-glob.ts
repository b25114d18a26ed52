/**
 * Globs over dotted scopes (`ui.login`), as webhooks and streams filter by them.
 *
 * Matching never tries a choice twice: a mismatch goes back to the last wildcard only. So one test of one glob takes at
 * most (length of the scope × length of the glob) comparisons, linear in the scope; no glob can make it explode.
 */

/** One place of a pattern: `ANY` stands for any number of segments, also none; a test for exactly one. */
type Place = typeof ANY | ((segment: string) => boolean);

const ANY = Symbol('any');

/**
 * Compiles globs into one test for a scope. It is true when at least one glob matches.
 *
 * | in a glob | matches |
 * |---|---|
 * | no `*` | the same scope and no other |
 * | `*` as a segment | one segment: `ui.*.done` matches `ui.login.done` |
 * | `.*` at the end | one or more segments: `ui.*` matches `ui.login` and `ui.login.form`, not `ui` |
 * | `**` as a segment | any number of segments, also none: `ui.**` matches `ui` too, `**` everything |
 * | `*` inside a segment | any characters of this segment, also none: `user-*` matches `user-7` |
 *
 * @param globs empty: every scope matches
 */
export function compileScopeGlobs(globs: readonly string[]): (scope: string) => boolean {
  if (globs.length === 0) return () => true;
  const exact = new Set(globs.filter((glob) => !isScopeGlob(glob)));
  const patterns = globs.filter(isScopeGlob).map(placesOf);
  return (scope) => {
    if (exact.has(scope)) return true;
    if (patterns.length === 0) return false;
    const segments = scope.split('.');
    return patterns.some((pattern) => matches(pattern, segments));
  };
}

/** Whether `text` has a glob character. Without one it names exactly one scope. */
export function isScopeGlob(text: string): boolean {
  return text.includes('*');
}

function placesOf(glob: string): Place[] {
  const segments = glob.split('.');
  const places = segments.map(placeOf);
  return segments.length > 1 && segments.at(-1) === '*' ? [...places, ANY] : places;
}

function placeOf(segment: string): Place {
  if (segment === '**') return ANY;
  if (segment === '*') return () => true;
  if (!isScopeGlob(segment)) return (found) => found === segment;
  const [head, ...rest] = segment.split('*') as [string, ...string[]];
  const tail = rest.pop()!;
  const inner = rest.filter((text) => text !== '');
  return (found) => {
    const end = found.length - tail.length;
    if (end < head.length || !found.startsWith(head) || !found.endsWith(tail)) return false;
    // The leftmost place for each leaves most room for those behind it.
    let at = head.length;
    for (const text of inner) {
      const place = found.indexOf(text, at);
      if (place === -1 || place + text.length > end) return false;
      at = place + text.length;
    }
    return true;
  };
}

/** The greedy wildcard match: what an earlier `ANY` took need not be reconsidered once a later one is reached. */
function matches(places: readonly Place[], items: readonly string[]): boolean {
  let item = 0;
  let place = 0;
  let lastAny = -1;
  let taken = 0;
  while (item < items.length) {
    const wanted = places[place];
    if (wanted === ANY) {
      lastAny = place++;
      taken = item;
    } else if (wanted?.(items[item]!)) {
      item++;
      place++;
    } else if (lastAny >= 0) {
      place = lastAny + 1;
      item = ++taken;
    } else return false;
  }
  return places.slice(place).every((rest) => rest === ANY);
}
