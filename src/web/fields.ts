/** A JSON Schema as rows of a table: one per field, nested ones with their path. */

export interface FieldRow {
  /** `policy_vectors[].weight` */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Default, bounds and the description, in words. */
  readonly notes: string;
}

type Schema = Readonly<Record<string, unknown>>;

/** Deeper fields are left to the OpenAPI document. */
const MAX_DEPTH = 3;

/** @param resolve finds what a `$ref` means */
export function fieldRows(schema: Schema, resolve: (reference: string) => Schema | undefined): FieldRow[] {
  return rows(schema, '', 1);

  function rows(given: Schema, prefix: string, depth: number): FieldRow[] {
    const { properties, required, items } = follow(given);
    const wanted = new Set(Array.isArray(required) ? required : []);
    if (isSchema(items)) return rows(items, `${prefix}[]`, depth);
    if (!isSchema(properties) || depth > MAX_DEPTH) return [];
    return Object.entries(properties).flatMap(([key, value]) => {
      if (!isSchema(value)) return [];
      const field = follow(value);
      const name = prefix === '' ? key : `${prefix}.${key}`;
      const row = { name, type: typeOf(field), required: wanted.has(key), notes: notesOf(field) };
      return [row, ...rows(field, name, depth + 1)];
    });
  }

  function typeOf(given: Schema): string {
    const schema = follow(given);
    const { type, anyOf, oneOf, items } = schema;
    if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
    if ('const' in schema) return JSON.stringify(schema.const);
    if (type === 'array') return `${isSchema(items) ? typeOf(items) : 'any'}[]`;
    if (Array.isArray(type)) return type.join(' | ');
    if (typeof type === 'string') return type;
    const branches = anyOf ?? oneOf;
    if (Array.isArray(branches)) return [...new Set(branches.filter(isSchema).map(typeOf))].join(' | ');
    return 'any';
  }

  function follow(schema: Schema): Schema {
    const reference = schema.$ref;
    return typeof reference === 'string' ? (resolve(reference) ?? {}) : schema;
  }
}

const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  default: (value) => `default ${JSON.stringify(value)}`,
  minimum: (value) => `≥ ${value}`,
  exclusiveMinimum: (value) => `> ${value}`,
  maximum: (value) => `≤ ${value}`,
  exclusiveMaximum: (value) => `< ${value}`,
  minLength: (value) => (value === 1 ? 'not empty' : `at least ${value} characters`),
  maxLength: (value) => `at most ${value} characters`,
  minItems: (value) => `at least ${value} items`,
  maxItems: (value) => `at most ${value} items`,
  format: (value) => `format ${value}`,
};

function notesOf(schema: Schema): string {
  const facts = Object.entries(WORDS).flatMap(([key, say]) => (key in schema ? [say(schema[key])] : []));
  const description = typeof schema.description === 'string' ? [schema.description] : [];
  return [...description, facts.join(', ')].filter((part) => part !== '').join(' — ');
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
