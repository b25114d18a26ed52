/**
 * Text to values for query strings, path parameters and headers, steered by the schema's own field types. Left to `z.coerce`,
 * `?full=false` would be true and `?limit=` would be 0.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Finding } from './issues.ts';

type Scalar = 'text' | 'number' | 'boolean';

interface Field {
  readonly scalar: Scalar;
  /** A repeated key makes a list; otherwise its last value counts, as in FastAPI. */
  readonly list: boolean;
}

/** Which fields of an object schema want something else than text; made once per operation. */
export type Fields = ReadonlyMap<string, Field>;

export function fieldsOf(schema: z.ZodObject): Fields {
  return new Map(Object.entries(schema.shape).map(([name, field]) => [name, fieldOf(field as z.ZodType)]));
}

function fieldOf(schema: z.ZodType): Field {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return { scalar: scalarOf(unwrap(inner.element as z.ZodType)), list: true };
  return { scalar: scalarOf(inner), list: false };
}

function scalarOf(schema: z.ZodType): Scalar {
  if (schema instanceof z.ZodNumber) return 'number';
  return schema instanceof z.ZodBoolean ? 'boolean' : 'text';
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.def.in as z.ZodType) : schema;
}

export type Values = Record<string, unknown>;

/** @param search the query string without its question mark */
export function readQuery(search: string, fields: Fields, findings: Finding[]): Values {
  // Without a prototype: `?__proto__=x` is a key like any other.
  const values: Values = Object.create(null) as Values;
  if (search === '') return values;
  for (const [key, text] of new URLSearchParams(search)) {
    const field = fields.get(key);
    if (field?.list) {
      const list = (values[key] as unknown[] | undefined) ?? [];
      list.push(read(text, field.scalar, ['query', key, list.length], findings));
      values[key] = list;
    } else {
      values[key] = field === undefined ? text : read(text, field.scalar, ['query', key], findings);
    }
  }
  return values;
}

export function readPath(params: Readonly<Record<string, string>>, fields: Fields, findings: Finding[]): Values {
  const values: Values = {};
  for (const [key, text] of Object.entries(params)) {
    values[key] = read(text, fields.get(key)?.scalar ?? 'text', ['path', key], findings);
  }
  return values;
}

/** Only those the schema knows. */
export function readHeaders(headers: IncomingHttpHeaders, fields: Fields, findings: Finding[]): Values {
  const values: Values = {};
  for (const [name, { scalar }] of fields) {
    const text = headers[name];
    if (typeof text === 'string') values[name] = read(text, scalar, ['header', name], findings);
  }
  return values;
}

const NUMBER = /^\s*[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:e[+-]?\d{1,4})?\s*$/i;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'y', 'on', 't'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'n', 'off', 'f'].map((word) => [word, false] as const),
]);

function read(text: string, scalar: Scalar, loc: readonly (string | number)[], findings: Finding[]): unknown {
  if (scalar === 'text') return text;
  if (scalar === 'number') {
    if (NUMBER.test(text)) return Number(text);
    const msg = 'Input should be a valid number, unable to parse string as a number';
    findings.push({ loc, type: 'float_parsing', msg, whole: false });
    return 0;
  }
  const value = BOOLEANS.get(text.trim().toLowerCase());
  if (value !== undefined) return value;
  const msg = 'Input should be a valid boolean, unable to interpret input';
  findings.push({ loc, type: 'bool_parsing', msg, whole: false });
  return false;
}
