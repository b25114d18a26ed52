/** zod's issues in the shape FastAPI clients know: `{loc, msg, type}` with pydantic's type names. */
import type { z } from 'zod';
import type { Dialect } from '../operations/operation.ts';

/** Where an input comes from, as pydantic calls it. */
export type Part = 'path' | 'query' | 'header' | 'body';

/** One problem of the input. */
export interface Detail {
  /** Where: a {@link Part}, then keys and indexes. */
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

interface Problem {
  readonly type: string;
  readonly msg: string;
}

/** Problems told at once; a body of ten thousand wrong numbers is not answered with ten thousand sentences. */
export const MAX_DETAILS = 50;

const EXPECTED: Readonly<Record<string, Problem>> = {
  string: { type: 'string_type', msg: 'Input should be a valid string' },
  number: { type: 'float_type', msg: 'Input should be a valid number' },
  int: { type: 'int_type', msg: 'Input should be a valid integer' },
  bigint: { type: 'int_type', msg: 'Input should be a valid integer' },
  boolean: { type: 'bool_type', msg: 'Input should be a valid boolean' },
  array: { type: 'list_type', msg: 'Input should be a valid list' },
  tuple: { type: 'list_type', msg: 'Input should be a valid list' },
  object: { type: 'dict_type', msg: 'Input should be a valid dictionary' },
  record: { type: 'dict_type', msg: 'Input should be a valid dictionary' },
  null: { type: 'none_required', msg: 'Input should be None' },
  date: { type: 'datetime_type', msg: 'Input should be a valid datetime' },
};

/** The same in the words of JSON, for whom a dictionary and None would be riddles: all dialects but the one of FastAPI. */
const EXPECTED_JSON: Readonly<Record<string, string>> = {
  array: 'Input should be a list',
  tuple: 'Input should be a list',
  object: 'Input should be an object',
  record: 'Input should be an object',
  null: 'Input should be null',
};

const FORMATS: Readonly<Record<string, Problem>> = {
  uuid: { type: 'uuid_parsing', msg: 'Input should be a valid UUID' },
  guid: { type: 'uuid_parsing', msg: 'Input should be a valid UUID' },
  url: { type: 'url_parsing', msg: 'Input should be a valid URL' },
  datetime: { type: 'datetime_parsing', msg: 'Input should be a valid datetime' },
  date: { type: 'date_parsing', msg: 'Input should be a valid date' },
};

/** What went wrong. */
export interface Finding extends Detail {
  /** Whether `msg` is all there is to say. To any other a sentence adds the field. */
  readonly whole: boolean;
}

/**
 * Handed to zod with every parse. The empty message marks an issue whose schema has no words of its own; ours are found
 * only for the issues that are told, since a hostile body can cause half a million of them.
 */
export const PARSE_OPTIONS: z.core.ParseContext<z.core.$ZodIssue> = {
  error: () => '',
  // `describe` looks at the input to tell absent from wrong; it never leaves this room.
  reportInput: true,
};

/** All issues of one part of the input, at most {@link MAX_DETAILS}. */
export function findingsOf(part: Part, issues: readonly z.core.$ZodIssue[], dialect: Dialect): Finding[] {
  return issues.slice(0, MAX_DETAILS).flatMap((issue) => findings([part], issue, dialect));
}

function findings(at: readonly (string | number)[], issue: z.core.$ZodIssue, dialect: Dialect): Finding[] {
  const loc = [...at, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  if (issue.code === 'unrecognized_keys') {
    const { type, msg } = describe(issue);
    return issue.keys.slice(0, MAX_DETAILS).map((key) => ({ loc: [...loc, key], type, msg, whole: false }));
  }
  if (issue.code === 'invalid_union') {
    // The branch that got inside the value before it failed is the one the caller meant.
    const inside = issue.errors.find((branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0));
    if (inside !== undefined) return inside.flatMap((nested) => findings(loc, nested, dialect));
  }
  const { type, msg } = describe(issue);
  if (issue.message === '') return [{ loc, msg: inJson(issue, dialect) ?? msg, type, whole: false }];
  // Who gives a type an error of its own has written the sentence; a refinement says what is wrong, and not where.
  const whole = issue.code === 'invalid_type' || issue.code === 'invalid_value' || loc.length === 1;
  return [{ loc, msg: issue.message, type, whole }];
}

function inJson(issue: z.core.$ZodIssue, dialect: Dialect): string | undefined {
  if (dialect === 'cortex' || issue.code !== 'invalid_type' || issue.input === undefined) return undefined;
  const wanted = EXPECTED_JSON[issue.expected];
  return wanted === undefined ? undefined : `${wanted}, found ${kindOf(issue.input)}`;
}

/** What a value is, in the words of JSON. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function describe(issue: z.core.$ZodIssue): Problem {
  if (issue.input === undefined && /^invalid_(type|value|union)$/.test(issue.code)) {
    return { type: 'missing', msg: 'Field required' };
  }
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, issue.input);
    case 'too_small':
      return bound('small', issue.origin, issue.minimum, issue.inclusive !== false);
    case 'too_big':
      return bound('big', issue.origin, issue.maximum, issue.inclusive !== false);
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_format':
      if (issue.format === 'regex') {
        return { type: 'string_pattern_mismatch', msg: `String should match pattern '${issue.pattern ?? ''}'` };
      }
      return FORMATS[issue.format] ?? { type: 'value_error', msg: `Input should be a valid ${issue.format}` };
    case 'not_multiple_of':
      return { type: 'multiple_of', msg: `Input should be a multiple of ${issue.divisor}` };
    case 'unrecognized_keys':
      return { type: 'extra_forbidden', msg: 'Extra inputs are not permitted' };
    case 'invalid_union':
      return union(issue.errors);
    default:
      return { type: 'value_error', msg: 'Value error' };
  }
}

function wrongType(expected: string, input: unknown): Problem {
  if (typeof input === 'number' && (expected === 'number' || expected === 'int')) {
    if (!Number.isFinite(input)) return { type: 'finite_number', msg: 'Input should be a finite number' };
    return { type: 'int_from_float', msg: 'Input should be a valid integer, got a number with a fractional part' };
  }
  return EXPECTED[expected] ?? { type: `${expected}_type`, msg: `Input should be a valid ${expected}` };
}

function bound(side: 'small' | 'big', origin: string, limit: number | bigint, inclusive: boolean): Problem {
  const small = side === 'small';
  if (origin === 'string') {
    const unit = limit === 1 ? 'character' : 'characters';
    return small
      ? { type: 'string_too_short', msg: `String should have at least ${limit} ${unit}` }
      : { type: 'string_too_long', msg: `String should have at most ${limit} ${unit}` };
  }
  if (origin === 'number' || origin === 'int' || origin === 'bigint') {
    const relation = small ? 'greater than' : 'less than';
    return inclusive
      ? { type: `${relation.replace(' ', '_')}_equal`, msg: `Input should be ${relation} or equal to ${limit}` }
      : { type: relation.replace(' ', '_'), msg: `Input should be ${relation} ${limit}` };
  }
  const unit = limit === 1 ? 'item' : 'items';
  return small
    ? { type: 'too_short', msg: `Input should have at least ${limit} ${unit}` }
    : { type: 'too_long', msg: `Input should have at most ${limit} ${unit}` };
}

function oneOf(values: readonly unknown[]): Problem {
  const quoted = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)));
  if (quoted.length <= 1) return { type: 'literal_error', msg: `Input should be ${quoted.join()}` };
  return { type: 'enum', msg: `Input should be ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}` };
}

function union(branches: readonly (readonly z.core.$ZodIssue[])[]): Problem {
  const problems = branches.flatMap(([first]) => (first === undefined ? [] : [describe(first)]));
  const [first, ...others] = problems;
  if (first === undefined) return { type: 'union_tag_invalid', msg: 'Input does not match any of the expected tags' };
  const tails = new Set(
    others.map(({ msg }) => msg.replace('Input should be ', '')).filter((tail) => tail !== first.msg),
  );
  return { type: first.type, msg: [first.msg, ...tails].join(' or ') };
}
