/** zod schemas as the TypeScript a user reads: plain types, with the descriptions as their comments. */
import { z } from 'zod';

type Json = Readonly<Record<string, unknown>>;

export interface Printing {
  /** `input`: what may be sent, all of it readonly; `output`: what comes back. */
  readonly io: 'input' | 'output';
  /** Of a query: written as the value that the text on the wire stands for, and never null. */
  readonly query?: boolean;
}

/** The fields of an object schema, one text each; a schema of another kind has none and is null. */
export function fieldsOf(schema: z.ZodType, printing: Printing): string[] | null {
  const json = jsonOf(schema, printing);
  return json.type === 'object' && json.properties !== undefined ? properties(json, json, printing) : null;
}

/** The type of a schema. */
export function typeOf(schema: z.ZodType, printing: Printing): string {
  const json = jsonOf(schema, printing);
  return type(json, json, printing);
}

/** A documentation comment, with its line's end; nothing for no text. */
export function comment(text: string | undefined): string {
  if (!text) return '';
  return `/** ${text.replaceAll('*/', '*\\/').replace(/\s*\n\s*/g, ' ')} */\n`;
}

function jsonOf(schema: z.ZodType, { io, query }: Printing): Json {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // A repeated part is written out where it stands: no names have to be found, or kept, for it.
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (query && def.type === 'pipe' && def.out._zod.def.type === 'boolean') jsonSchema.type = 'boolean';
    },
  }) as Json;
}

function type(json: Json, root: Json, printing: Printing): string {
  if (typeof json.$ref === 'string') return type(resolve(root, json.$ref), root, printing);
  if ('const' in json) return JSON.stringify(json.const);
  if (Array.isArray(json.enum)) return json.enum.map((value) => JSON.stringify(value)).join(' | ');
  const union = (json.anyOf ?? json.oneOf) as readonly Json[] | undefined;
  if (union)
    return unionOf(
      union.filter((one) => !(printing.query && one.type === 'null')),
      root,
      printing,
    );
  if (Array.isArray(json.allOf)) return json.allOf.map((one: Json) => `(${type(one, root, printing)})`).join(' & ');
  if (Array.isArray(json.type))
    return unionOf(
      json.type.map((one) => ({ ...json, type: one })),
      root,
      printing,
    );
  switch (json.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return json.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return array(json, root, printing);
    case 'object':
      return object(json, root, printing);
    default:
      return 'unknown';
  }
}

function unionOf(parts: readonly Json[], root: Json, printing: Printing): string {
  return [...new Set(parts.map((part) => type(part, root, printing)))].join(' | ');
}

function array(json: Json, root: Json, printing: Printing): string {
  const readonly = printing.io === 'input' ? 'readonly ' : '';
  const places = json.prefixItems as readonly Json[] | undefined;
  if (places) return `${readonly}[${places.map((place) => type(place, root, printing)).join(', ')}]`;
  const items = (json.items ?? {}) as Json;
  const item = type(items, root, printing);
  return `${readonly}${items.type === 'object' || /^\w+$/.test(item) ? item : `(${item})`}[]`;
}

function object(json: Json, root: Json, printing: Printing): string {
  const { additionalProperties: more } = json;
  const readonly = printing.io === 'input' ? 'readonly ' : '';
  if (json.properties === undefined) {
    const value = typeof more === 'object' && more !== null ? type(more as Json, root, printing) : 'unknown';
    return `{ ${readonly}[key: string]: ${value} }`;
  }
  return `{\n${properties(json, root, printing).join('\n')}\n}`;
}

function properties(json: Json, root: Json, printing: Printing): string[] {
  const required = new Set((json.required ?? []) as readonly string[]);
  return Object.entries(json.properties as Readonly<Record<string, Json>>).map(([key, value]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
    const readonly = printing.io === 'input' ? 'readonly ' : '';
    const own = type(value, root, printing);
    // Whoever has `exactOptionalPropertyTypes` on may still pass undefined along.
    const [mark, open] = required.has(key) ? ['', ''] : ['?', printing.io === 'input' ? ' | undefined' : ''];
    return `${comment(described(value))}${readonly}${name}${mark}: ${own}${own === 'unknown' ? '' : open};`;
  });
}

/** Its own description, or that of the part that is not null; and the default. */
function described(json: Json): string | undefined {
  const parts = (json.anyOf ?? []) as readonly Json[];
  const text = json.description ?? parts.find(({ description }) => description !== undefined)?.description;
  return [text, json.default === undefined ? '' : `Default ${JSON.stringify(json.default)}.`].filter(Boolean).join(' ');
}

/** `#/$defs/name`; a schema that contains itself has no end as a plain type. */
function resolve(root: Json, reference: string): Json {
  if (reference === '#') return {};
  const found = (root.$defs as Readonly<Record<string, Json>> | undefined)?.[reference.replace('#/$defs/', '')] ?? {};
  return JSON.stringify(found).includes(reference) ? {} : found;
}
