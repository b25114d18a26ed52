/**
 * What a document may ask for. Everything is counted before anything is validated or executed, with fragments counted
 * wherever they are spread, in time linear in the document.
 */
import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { DEFAULT_EVENTS, MAX_EVENTS, MAX_SIGNALS } from './sdl.ts';

export const MAX_DOCUMENT_CHARS = 16_384;
/** A full introspection has about 300. What costs the library more than linear time is bounded by this. */
export const MAX_TOKENS = 1_000;
/** A full introspection has 15. */
export const MAX_DEPTH = 16;
export const MAX_ALIASES = 30;
export const MAX_ROOT_FIELDS = 20;
/** A thousand whole events, which is as much as a REST list answers with, and what tools add to each. */
export const MAX_COST = 16_000;

/** What an answer field costs; others cost 1. A payload may be large, and an event is a commit. */
const COSTS: Readonly<Record<string, number>> = { payload: 4, createEvent: 500 };

/** How many items a list has: by what the client says, else as many as there usually are. Other fields are no lists. */
const LISTS: Readonly<Record<string, number | ((field: FieldNode, variables: Variables) => number)>> = {
  events: eventsOf,
  signals: MAX_SIGNALS,
  types: 20,
  fields: 5,
  inputFields: 3,
  args: 2,
  enumValues: 2,
  directives: 6,
  locations: 4,
  interfaces: 1,
  possibleTypes: 1,
};

export type Variables = Readonly<Record<string, unknown>>;

interface Size {
  readonly depth: number;
  /** Fields on the level itself. */
  readonly fields: number;
  readonly aliases: number;
  readonly cost: number;
}

const NOTHING: Size = { depth: 0, fields: 0, aliases: 0, cost: 0 };

/** @returns what is too much, a sentence each */
export function excesses(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): GraphQLError[] {
  const { depth, fields, aliases, cost } = sizeOf(document, operation, variables);
  const found: string[] = [];
  if (depth > MAX_DEPTH) found.push(`The document is ${depth} fields deep, ${MAX_DEPTH} allowed`);
  if (fields > MAX_ROOT_FIELDS) found.push(`The document has ${fields} root fields, ${MAX_ROOT_FIELDS} allowed`);
  if (aliases > MAX_ALIASES) found.push(`The document has ${aliases} aliases, ${MAX_ALIASES} allowed`);
  if (cost > MAX_COST) {
    found.push(`The document costs ${cost} (fields times the lengths of their lists), ${MAX_COST} allowed`);
  }
  return found.map((message) => tooMuch(message));
}

export function tooMuch(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'TOO_LARGE' } });
}

export function sizeOf(document: DocumentNode, operation: OperationDefinitionNode, variables: Variables): Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const given = { ...defaultsOf(operation), ...variables };
  const known = new Map<string, Size>();

  function ofSet({ selections }: SelectionSetNode): Size {
    return selections.map(ofOne).reduce(sum, NOTHING);
  }

  function ofOne(selection: SelectionNode): Size {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSet(selection.selectionSet);
    const name = selection.name.value;
    const { depth, aliases, cost } = selection.selectionSet ? ofSet(selection.selectionSet) : NOTHING;
    const list = Object.hasOwn(LISTS, name) ? LISTS[name]! : 1;
    const length = typeof list === 'number' ? list : list(selection, given);
    const own = Object.hasOwn(COSTS, name) ? COSTS[name]! : 1;
    return {
      depth: depth + 1,
      fields: 1,
      aliases: aliases + (selection.alias ? 1 : 0),
      cost: own + length * cost,
    };
  }

  function ofFragment(name: string): Size {
    const before = known.get(name);
    if (before) return before;
    // Also what one that spreads itself counts for; validation refuses it.
    known.set(name, NOTHING);
    const fragment = fragments.get(name);
    const size = fragment ? ofSet(fragment.selectionSet) : NOTHING;
    known.set(name, size);
    return size;
  }

  return ofSet(operation.selectionSet);
}

function sum(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    fields: a.fields + b.fields,
    aliases: a.aliases + b.aliases,
    cost: a.cost + b.cost,
  };
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  return Object.fromEntries(
    variableDefinitions.map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue?.kind === Kind.INT ? Number(defaultValue.value) : undefined,
    ]),
  );
}

/** What is no number from 1 to the longest list is refused when it is executed. */
function eventsOf({ arguments: given = [] }: FieldNode, variables: Variables): number {
  const limit = numberOf(
    given.find(({ name }) => name.value === 'limit'),
    variables,
  );
  return Number.isFinite(limit) ? Math.min(Math.max(limit, 0), MAX_EVENTS) : DEFAULT_EVENTS;
}

function numberOf(argument: ArgumentNode | undefined, variables: Variables): number {
  if (argument?.value.kind === Kind.INT) return Number(argument.value.value);
  if (argument?.value.kind !== Kind.VARIABLE) return Number.NaN;
  const value = variables[argument.value.name.value];
  return typeof value === 'number' ? value : Number.NaN;
}
