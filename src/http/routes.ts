/** From method and path to operation: the operations list as small @koa/router tables behind a prefix map. */
import Router from '@koa/router';
import type { Dialect, Operation } from '../operations/operation.ts';

/** One operation with what the request path wants to know about it, worked out once. */
export interface Route {
  readonly operation: Operation;
  /** The operation's main path, also for requests to an alias: the label in logs and metrics. */
  readonly template: string;
  /** Name of the path parameter that holds a session id (`/session/{id}`). */
  readonly sessionParameter: string | undefined;
}

export type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'method'; readonly route: Route; readonly allow: readonly string[] }
  | { readonly kind: 'none' };

export interface Routes {
  /** @param path still percent-encoded, without the query */
  match(method: string, path: string): Match;
}

/** @koa/router tests its routes one after the other, so a table holds only the routes that share this many words. */
const PREFIX_SEGMENTS = 3;

const PARAMETER = /^\{([A-Za-z_]\w*)(:path)?\}$/;

/** @throws TypeError when two operations claim the same method and path */
export function createRoutes(operations: readonly Operation[]): Routes {
  const tables = new Map<string, Router>();
  const routeOf = new WeakMap<object, Route>();
  const claimed = new Map<string, string>();

  const entries = operations.flatMap((operation) =>
    [operation.http.path, ...(operation.http.aliases ?? [])].map((path) => ({ operation, path, ...parse(path) })),
  );
  for (const entry of entries.sort((a, b) => compare(a.rank, b.rank))) {
    const { operation, shape, prefix, pattern, rest, sessionParameter } = entry;
    const claim = `${operation.http.method} ${shape}`;
    const owner = claimed.get(claim);
    if (owner !== undefined) throw new TypeError(`${claim} is claimed by both ${owner} and ${operation.name}`);
    claimed.set(claim, operation.name);

    const table = tables.get(prefix) ?? new Router();
    tables.set(prefix, table);
    // A rest parameter keeps its trailing slash: `a/` and `a` are two keys.
    const options = { sensitive: true, strict: rest };
    const layer = table.register(pattern, [operation.http.method], () => undefined, options) as object;
    routeOf.set(layer, { operation, template: operation.http.path, sessionParameter });
  }

  return {
    match(method, path) {
      let other: Route | undefined;
      let allow: string[] = [];
      for (const prefix of prefixesOf(path)) {
        const table = tables.get(prefix);
        if (table === undefined) continue;
        const matched = table.match(path, method);
        const layer = matched.pathAndMethod[0];
        if (layer !== undefined) {
          const params = layer.params(path, layer.captures(path));
          return { kind: 'found', route: routeOf.get(layer)!, params };
        }
        const [first] = matched.path;
        if (first === undefined) continue;
        other ??= routeOf.get(first);
        allow = allow.concat(matched.path.flatMap((candidate) => candidate.methods));
      }
      if (other === undefined) return { kind: 'none' };
      return { kind: 'method', route: other, allow: [...new Set([...allow, 'OPTIONS'])].sort() };
    },
  };
}

/** The dialect whose error shape answers for a path that no operation has. */
export function dialectOf(path: string): Dialect {
  if (path === '/v1' || path.startsWith('/v1/')) return 'cortex';
  if (path === '/api/v1' || path.startsWith('/api/v1/')) return 'cellstate';
  if (/^\/(?:api|events|signals|webhooks|graphql|ws)(?:\/|$)/.test(path)) return 'sel';
  return 'synod';
}

/** Longest first, so that literal words win over parameters. */
function prefixesOf(path: string): string[] {
  const prefixes = [''];
  let end = 0;
  for (let count = 0; count < PREFIX_SEGMENTS && end < path.length; count++) {
    const next = path.indexOf('/', end + 1);
    end = next === -1 ? path.length : next;
    prefixes.unshift(path.slice(0, end));
  }
  return prefixes;
}

function parse(path: string) {
  if (!path.startsWith('/')) throw new TypeError(`path "${path}" does not begin with a slash`);
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  const parsed = segments.map((text) => {
    const [, name, rest] = PARAMETER.exec(text) ?? [];
    if (name === undefined && /[{}]/.test(text)) {
      throw new TypeError(`path "${path}": "${text}" must be a word or one whole {parameter}`);
    }
    return { text, name, rest: rest !== undefined };
  });
  const literals = parsed.findIndex(({ name }) => name !== undefined);
  const prefixLength = Math.min(PREFIX_SEGMENTS, literals === -1 ? parsed.length : literals);
  const word = (text: string) => text.replace(/[{}()[\]+?!:*\\]/g, '\\$&');
  return {
    prefix: segments
      .slice(0, prefixLength)
      .map((text) => `/${text}`)
      .join(''),
    pattern: `/${parsed.map(({ text, name, rest }) => (name === undefined ? word(text) : `${rest ? '*' : ':'}${name}`)).join('/')}`,
    shape: `/${parsed.map(({ text, name, rest }) => (name === undefined ? text : rest ? '{*}' : '{}')).join('/')}`,
    /** Sorts words before parameters before rests, place by place. */
    rank: parsed.map(({ name, rest }) => (name === undefined ? '0' : rest ? '2' : '1')).join(''),
    rest: parsed.some(({ rest }) => rest),
    sessionParameter: parsed.find(({ name }, index) => name !== undefined && segments[index - 1] === 'session')?.name,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
