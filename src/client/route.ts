/** Where the parts of an operation's flat input go in its request. */

/** What the client has to know of an operation at run time. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `{name}` is one segment, `{name:path}` the rest of the path, slashes included. */
  readonly path: string;
  /** Fields that go into the query string. */
  readonly query?: readonly string[];
  /** What is left of the input: `fields` of a JSON object, or the `whole` body in a field named `body`. */
  readonly body?: 'fields' | 'whole';
  /** It changes something, and so is sent under an `Idempotency-Key`. */
  readonly mutates?: true;
}

export interface RouteRequest {
  readonly method: Route['method'];
  /** Path and query. */
  readonly target: string;
  readonly body?: string;
  readonly mutates: boolean;
}

const PARAMETER = /\{(\w+)(:path)?\}/g;

/**
 * Lays an input out. A field this client does not know yet, of a newer server, goes where such fields usually go: into the
 * body, or else into the query.
 *
 * @throws TypeError for what is no object, a path parameter that is missing, or one that no URL can carry
 */
export function requestOf(name: string, route: Route, input: object): RouteRequest {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new TypeError(`${name}: the input must be an object, not ${kindOf(input)}`);
  }
  const left = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = route.path.replace(PARAMETER, (_, key: string, rest: string | undefined) => {
    const value = left.get(key);
    left.delete(key);
    if (typeof value !== 'string' || value === '') throw new TypeError(`${name}: ${key} must be a text with content`);
    return rest === undefined ? segment(name, key, value) : value.split('/').map(encodeURIComponent).join('/');
  });
  const search = new URLSearchParams();
  const known = route.body === undefined ? [...left.keys()] : (route.query ?? []);
  for (const key of known) {
    for (const item of [left.get(key) ?? []].flat()) search.append(key, String(item));
    left.delete(key);
  }
  const target = search.size === 0 ? path : `${path}?${search}`;
  const { method, mutates = false } = route;
  if (route.body === undefined) return { method, target, mutates };
  const body = route.body === 'whole' ? left.get('body') : Object.fromEntries(left);
  return { method, target, mutates, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

/** Every URL parser takes `.` and `..` out of a path, also percent-encoded: the request would reach something else. */
function segment(name: string, key: string, value: string): string {
  if (value === '.' || value === '..') throw new TypeError(`${name}: ${key} "${value}" cannot stand in a URL`);
  return encodeURIComponent(value);
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
