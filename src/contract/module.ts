/** What `src/client/contract.ts` comes to: the same module as a literal table and plain types. */
import type { z } from 'zod';
import type { Operation } from '../operations/operation.ts';
import { routesOf, STREAM } from './routes.ts';
import { comment, fieldsOf, typeOf } from './typescript.ts';

const HEADER = '/** Made by the build from the operations list. */\n';

/** JavaScript of the module. */
export function contractSource(operations: readonly Operation[]): string {
  const routes = Object.entries(routesOf(operations)).map(
    ([name, route]) => `  ${JSON.stringify(name)}: ${JSON.stringify(route)},\n`,
  );
  return `${HEADER}export const ROUTES = {\n${routes.join('')}};\n`;
}

/** Its declarations. */
export function contractTypes(operations: readonly Operation[]): string {
  const listed = operations.filter(({ name }) => name !== STREAM);
  const text = [
    HEADER,
    `import type { CallOptions } from './options.ts';\n`,
    `import type { Route } from './route.ts';\n\n`,
    '/** Input and output of every operation, by its name. */\n',
    `export interface Operations {\n${listed.map(typesOf).join('')}}\n\n`,
    'export type OperationName = keyof Operations;\n\n',
    '/** Every operation as a method: `session.run` is `client.session.run(input, options)`. */\n',
    `export interface Methods ${methods(listed, '')}\n\n`,
    'export declare const ROUTES: Readonly<Record<OperationName, Route>>;\n',
  ].join('');
  return indented(text);
}

function indented(text: string): string {
  let depth = 0;
  return text.replace(/^.+$/gm, (line) => {
    if (line.startsWith('}')) depth--;
    const deep = '  '.repeat(depth) + line;
    if (line.endsWith('{')) depth++;
    return deep;
  });
}

function typesOf(operation: Operation): string {
  const { name, output } = operation;
  const fields = inputFields(operation);
  const input = fields.length === 0 ? 'Record<never, never>' : `{\n${fields.join('\n')}\n}`;
  return `${JSON.stringify(name)}: {\ninput: ${input};\noutput: ${typeOf(output, { io: 'output' })};\n};\n`;
}

/** One object of all parts. */
function inputFields({ input: { path, query, body } }: Operation): string[] {
  const parts: string[][] = [];
  if (path) parts.push(fieldsOf(path, { io: 'input' }) ?? []);
  if (query) parts.push(fieldsOf(query, { io: 'input', query: true }) ?? []);
  if (body) parts.push(fieldsOf(body, { io: 'input' }) ?? [wholeBody(body)]);
  return parts.flat();
}

function wholeBody(body: z.ZodType): string {
  return `readonly body: ${typeOf(body, { io: 'input' })};`;
}

/** An object type with everything whose name begins with the prefix. */
function methods(operations: readonly Operation[], prefix: string): string {
  const below = operations.filter(({ name }) => name.startsWith(prefix));
  const words = new Set(below.map(({ name }) => name.slice(prefix.length).split('.')[0]!));
  const lines = [...words].map((word) => {
    const name = prefix + word;
    const own = below.find((operation) => operation.name === name);
    const inner = below.some((operation) => operation.name.startsWith(`${name}.`))
      ? methods(operations, `${name}.`)
      : undefined;
    const type = own && inner ? `(${signature(own)}) & ${inner}` : own ? signature(own) : inner;
    return `${own ? comment(documentation(own)) : ''}readonly ${word}: ${type};\n`;
  });
  return `{\n${lines.join('')}}`;
}

function signature(operation: Operation): string {
  const { name } = operation;
  const mark = inputFields(operation).some((field) => !/^(?:\/\*\*.*\*\/\n)?readonly [^\s:]+\?:/.test(field))
    ? ''
    : '?';
  const types = `Operations[${JSON.stringify(name)}]`;
  return `(input${mark}: ${types}['input'], options?: CallOptions) => Promise<${types}['output']>`;
}

function documentation({ summary, description, http }: Operation): string {
  return [`${summary}.`, description, `\`${http.method} ${http.path}\``].filter(Boolean).join(' ');
}
