/** The schema, and what its scalars take. */
import { buildSchema, type GraphQLScalarType, type GraphQLSchema, valueFromASTUntyped } from 'graphql';
import { parseJson } from '../http/json.ts';
import { SDL } from './sdl.ts';

export function createSchema(): GraphQLSchema {
  const schema = buildSchema(SDL);
  const json = schema.getType('JSON') as GraphQLScalarType;
  // Variables have come through the lock for JSON already. Literals go through the same one: in a document, too, a value
  // could be nested deeper than recursive code can follow, or spell a key that reaches a prototype.
  json.parseLiteral = (node, variables) => {
    const value: unknown = valueFromASTUntyped(node, variables);
    return value === undefined ? undefined : parseJson(Buffer.from(JSON.stringify(value)));
  };
  return schema;
}
