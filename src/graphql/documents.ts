/** From the text of a document to something that may be executed, or to what is wrong with it. */
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { excesses, MAX_DOCUMENT_CHARS, MAX_TOKENS, tooMuch, type Variables } from './limits.ts';

/** Documents kept, and tokens of the longest that is: a token is about half a kilobyte in memory. */
const KEPT = 128;
const KEPT_TOKENS = 256;
/** Problems told at once. */
const MAX_ERRORS = 20;

export interface Wanted {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Variables | null | undefined;
}

export interface Prepared {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

export interface Documents {
  prepare(wanted: Wanted): Prepared | readonly GraphQLError[];
}

interface Known {
  readonly document: DocumentNode;
  /** Absent: not validated yet. */
  errors?: readonly GraphQLError[];
}

/** @param introspection whether documents may ask for the schema */
export function createDocuments(schema: GraphQLSchema, introspection: boolean): Documents {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const options = { maxErrors: MAX_ERRORS, hideSuggestions: !introspection };
  // Clients send the same few documents again and again; parsing and validating costs more than most of them do.
  const kept = new Map<string, Known>();

  function read(query: string): Known {
    const known = kept.get(query);
    if (known) return known;
    const fresh: Known = { document: parse(query, { maxTokens: MAX_TOKENS }) };
    if ((fresh.document.tokenCount ?? MAX_TOKENS) > KEPT_TOKENS) return fresh;
    kept.set(query, fresh);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return fresh;
  }

  return {
    prepare({ query, operationName, variables }) {
      if (query.length > MAX_DOCUMENT_CHARS) {
        return [tooMuch(`The document has ${query.length} characters, ${MAX_DOCUMENT_CHARS} allowed`)];
      }
      let known: Known;
      try {
        known = read(query);
      } catch (error) {
        if (error instanceof GraphQLError) return [error];
        throw error;
      }
      const { document } = known;
      const operation = getOperationAST(document, operationName);
      if (!operation) return [missing(operationName)];
      const tooLarge = excesses(document, operation, variables ?? {});
      if (tooLarge.length > 0) return tooLarge;
      known.errors ??= validate(schema, document, rules, options);
      return known.errors.length > 0 ? known.errors : { document, operation };
    },
  };
}

function missing(operationName: string | null | undefined): GraphQLError {
  if (operationName) return new GraphQLError(`The document has no operation "${operationName.slice(0, 100)}"`);
  return new GraphQLError('Must provide operationName: the document has none or several operations');
}
