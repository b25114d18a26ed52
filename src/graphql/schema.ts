/** The schema, and what its scalars take. */
import { buildSchema, type GraphQLScalarType, type GraphQLSchema, valueFromASTUntyped } from 'graphql';
import { parseJson, refuseLosses } from '../http/json.ts';
import { SDL } from './sdl.ts';

/** The one input that is any JSON. */
const PAYLOAD = ['body', 'payload'];

export function createSchema(): GraphQLSchema {
  const schema = buildSchema(SDL);
  const json = schema.getType('JSON') as GraphQLScalarType;
  // Variables have come through the lock for JSON already. Literals go through the same one: in a document, too, a value
  // could be nested deeper than recursive code can follow, spell a key that reaches a prototype, or a number that is not finite.
  json.parseLiteral = (node, variables) => {
    const value: unknown = valueFromASTUntyped(node, variables);
    if (value === undefined) return undefined;
    const parsed = parseJson(Buffer.from(JSON.stringify(value)), PAYLOAD);
    // What is not finite has become null in that text. Only now is it known that the value is not too deep to look at.
    refuseLosses(value, PAYLOAD);
    return parsed;
  };
  return schema;
}
