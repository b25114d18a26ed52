/** The operations list as the table a client goes by. */
import type { Route } from '../client/route.ts';
import type { Operation } from '../operations/operation.ts';

/** The client has a method of its own for it, which reads server-sent events. */
export const STREAM = 'stream';

/** @throws TypeError when two parts of an input have a field of the same name: in a flat input they would be one */
export function routesOf(operations: readonly Operation[]): Readonly<Record<string, Route>> {
  return Object.fromEntries(
    operations.filter(({ name }) => name !== STREAM).map((operation) => [operation.name, routeOf(operation)]),
  );
}

function routeOf({ name, http: { method, path }, input, mutates }: Operation): Route {
  const query = Object.keys(input.query?.shape ?? {});
  const fields = bodyFields(input.body);
  const all = [...Object.keys(input.path?.shape ?? {}), ...query, ...(fields ?? (input.body ? ['body'] : []))];
  const twice = all.find((field, i) => all.indexOf(field) !== i);
  if (twice !== undefined) throw new TypeError(`${name}: "${twice}" stands in two parts of the input`);
  return {
    method,
    path,
    ...(query.length === 0 ? {} : { query }),
    ...(input.body === undefined ? {} : { body: fields === null ? ('whole' as const) : ('fields' as const) }),
    ...(mutates ? { mutates } : {}),
  };
}

type Body = NonNullable<Operation['input']['body']>;

/** Names of the fields of an object schema, also one that may be left out; null for any other schema. */
function bodyFields(schema: Body | undefined): string[] | null {
  if (schema === undefined) return null;
  const { def } = schema as unknown as { def: { type: string; innerType?: Body; in?: Body; shape?: object } };
  if (def.type === 'object') return Object.keys(def.shape!);
  const inner = def.innerType ?? def.in;
  return inner === undefined ? null : bodyFields(inner);
}
