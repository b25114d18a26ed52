/** The door's lock: what an operation runs with has passed its schemas, or the caller hears what was wrong. */
import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import { AppError } from '../../actors/errors.ts';
import type { Dialect, Operation } from '../operations/operation.ts';
import { type Detail, type Finding, findingsOf, PARSE_OPTIONS, type Part } from './issues.ts';
import { type Fields, fieldsOf, readHeaders, readPath, readQuery } from './query.ts';

/** An operation's input as it came over the wire. */
export interface RawInput {
  /** Percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Without the question mark. */
  readonly search: string;
  /** By lower-case name; absent: none. */
  readonly headers?: IncomingHttpHeaders;
  readonly body: unknown;
}

/** An input with the types its schemas promise. */
export interface ValidInput {
  readonly path: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
}

const NO_FIELDS: Fields = new Map();

/** @returns a function that throws AppError INVALID with all problems of path, query, headers and body at once */
export function createValidator(operation: Operation): (raw: RawInput) => ValidInput {
  const { path, query, headers, body } = operation.input;
  const { dialect } = operation;
  const pathFields = path === undefined ? NO_FIELDS : fieldsOf(path);
  const queryFields = query === undefined ? NO_FIELDS : fieldsOf(query);
  const headerFields = headers === undefined ? NO_FIELDS : fieldsOf(headers);

  return (raw) => {
    const findings: Finding[] = [];
    const input = {
      path: path && check('path', path, readPath(raw.params, pathFields, findings), findings, dialect),
      query: query && check('query', query, readQuery(raw.search, queryFields, findings), findings, dialect),
      headers:
        headers && check('header', headers, readHeaders(raw.headers ?? {}, headerFields, findings), findings, dialect),
      body: body && check('body', body, raw.body, findings, dialect),
    };
    if (findings.length > 0) throw invalid(findings);
    return input;
  };
}

/**
 * Checks a value by itself, such as one item of a list whose others may be fine.
 *
 * @param dialect whose words a refusal is told in
 * @throws AppError INVALID with all problems at once
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, dialect: Dialect): z.output<S> {
  const findings: Finding[] = [];
  const valid = check('body', schema, value, findings, dialect);
  if (findings.length > 0) throw invalid(findings);
  return valid as z.output<S>;
}

function check(part: Part, schema: z.ZodType, value: unknown, findings: Finding[], dialect: Dialect): unknown {
  const result = schema.safeParse(value, PARSE_OPTIONS);
  if (result.success) return result.data;
  findings.push(...findingsOf(part, result.error.issues, dialect));
  return undefined;
}

function invalid(findings: readonly Finding[]): AppError {
  // One problem a place: that a text is no list says enough, its length as a list does not matter then.
  const details = new Map<string, Detail>();
  for (const { loc, msg, type } of findings) {
    const place = JSON.stringify(loc);
    if (!details.has(place)) details.set(place, { loc, msg, type });
  }
  return new AppError('INVALID', sentence(findings[0]!), { details: [...details.values()] });
}

/** Names the field, unless the schema's author wrote the whole sentence. */
function sentence({ loc, msg, whole }: Finding): string {
  return whole ? msg : `${loc.length > 1 ? loc.slice(1).join('.') : loc[0]}: ${msg}`;
}
