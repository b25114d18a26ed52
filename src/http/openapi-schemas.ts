/** zod schemas as JSON Schema 2020-12 with their shared parts moved to the document's components. */
import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Schemas {
  /** @param name of the place, unique in the document: shared parts without an id of their own are named after it */
  of(schema: z.ZodType, io: 'input' | 'output', name: string): JsonSchema;
  /** The schema itself when it is a reference to a component. */
  resolve(schema: JsonSchema): JsonSchema;
  /** What the schemas made so far refer to. */
  components(): Readonly<Record<string, JsonSchema>>;
}

const PREFIX = '#/components/schemas/';

export function createSchemas(): Schemas {
  const components: Record<string, JsonSchema> = {};

  return {
    of(schema, io, name) {
      // Transforms and refinements have no JSON Schema: such a place accepts anything instead of failing.
      const json = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>;
      const { $schema: _, $defs, ...root } = json;
      const definitions = Object.entries(($defs ?? {}) as Record<string, unknown>);
      // An id may mean one thing in requests and another in answers (a default is optional only to send): then the parts
      // of this place keep names of their own.
      const [shared, own] = [nameOf, ownName].map((naming) => rename(root, definitions, name, naming, io));
      const isFree = ([key, value]: readonly [string, JsonSchema]) =>
        components[key] === undefined || JSON.stringify(components[key]) === JSON.stringify(value);
      const { result, parts } = shared!.parts.every(isFree) ? shared! : own!;
      Object.assign(components, Object.fromEntries(parts));
      const isRecursive = JSON.stringify([result, parts]).includes(`"${PREFIX}${name}"`);
      if (!isRecursive) return result;
      components[name] = result;
      return { $ref: PREFIX + name };
    },
    resolve({ $ref, ...schema }) {
      return typeof $ref === 'string' ? (components[$ref.slice(PREFIX.length)] ?? schema) : schema;
    },
    components: () => Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

type Naming = (key: string, place: string) => string;

/** zod numbers the shared parts of a schema that have no id; those names mean nothing outside it. */
const nameOf: Naming = (key, place) => (key.startsWith('__schema') ? ownName(key, place) : key);
const ownName: Naming = (key, place) => `${place}.${key.replace('__schema', '')}`;

function rename(
  root: unknown,
  definitions: [string, unknown][],
  place: string,
  naming: Naming,
  io: 'input' | 'output',
) {
  const references = new Map(definitions.map(([key]) => [`#/$defs/${key}`, PREFIX + naming(key, place)]));
  references.set('#', PREFIX + place);
  return {
    result: tidy(root, references, io) as JsonSchema,
    parts: definitions.map(([key, part]) => [naming(key, place), tidy(part, references, io) as JsonSchema] as const),
  };
}

/** Rewrites references, and drops what zod says but a reader must not rely on. */
function tidy(value: unknown, references: ReadonlyMap<string, string>, io: 'input' | 'output'): unknown {
  if (Array.isArray(value)) return value.map((item) => tidy(item, references, io));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (key === '$ref' && typeof inner === 'string') return [[key, references.get(inner) ?? inner]];
    // Every safe integer has these bounds.
    if (key === 'maximum' && inner === Number.MAX_SAFE_INTEGER) return [];
    if (key === 'minimum' && inner === Number.MIN_SAFE_INTEGER) return [];
    // Answers may grow.
    if (key === 'additionalProperties' && inner === false && io === 'output') return [];
    return [[key, tidy(inner, references, io)]];
  });
  return Object.fromEntries(entries);
}
