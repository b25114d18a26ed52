/**
 * The client's types, inferred through the operations list.
 *
 * The types an application gets are printed from the same schemas (`typescript.ts`), and a test holds both to be the same.
 */
import type { z } from 'zod';
import type { CallOptions } from '../client/options.ts';
import type { OperationList } from '../operations/index.ts';

type Part<S, K extends string> = S extends Record<K, infer Z extends z.ZodType> ? Z : never;

/** A sender may hand over what it must not change. */
type Sent<T> = T extends readonly (infer U)[]
  ? readonly Sent<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Sent<T[K]> }
    : T;

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];

/**
 * In a query everything is text on the wire. A number and a truth value are written as such, which a schema that reads them
 * out of a text calls unknown or a text; null has no spelling.
 */
type QueryValue<I, O> = unknown extends I ? O : [O] extends [boolean | undefined] ? O : Exclude<I, null>;

type Query<Z extends z.ZodType, I = z.input<Z>, O = z.output<Z>> = {
  readonly [K in keyof I & keyof O as K extends OptionalKeys<I> ? never : K]: QueryValue<I[K], O[K]>;
} & { readonly [K in OptionalKeys<I> & keyof I & keyof O]?: QueryValue<I[K], O[K]> | undefined };

type Fields<S> = ([Part<S, 'path'>] extends [never] ? unknown : Sent<z.input<Part<S, 'path'>>>) &
  ([Part<S, 'query'>] extends [never] ? unknown : Query<Part<S, 'query'>>) &
  ([Part<S, 'body'>] extends [never] ? unknown : Body<NonNullable<z.input<Part<S, 'body'>>>>);

type Body<T> = T extends readonly unknown[] ? { readonly body: Sent<T> } : Sent<T>;

type Flat<T> = unknown extends T ? Record<never, never> : { [K in keyof T]: T[K] };

type Listed = Exclude<OperationList[number], { readonly name: 'stream' }>;

/** Input and output of every operation, by its name. */
export type Operations = {
  [Op in Listed as Op['name']]: { input: Flat<Fields<Op['input']>>; output: z.output<Op['output']> };
};

export type OperationName = keyof Operations;

type Head<N> = N extends `${infer H}.${string}` ? H : N;

type Method<N extends OperationName> =
  Record<never, never> extends Operations[N]['input']
    ? (input?: Operations[N]['input'], options?: CallOptions) => Promise<Operations[N]['output']>
    : (input: Operations[N]['input'], options?: CallOptions) => Promise<Operations[N]['output']>;

type Below<P extends string> = OperationName extends infer N ? (N extends `${P}${infer R}` ? R : never) : never;

type Tree<P extends string> = {
  readonly [K in Head<Below<P>>]: (`${P}${K}` extends OperationName ? Method<`${P}${K}`> : unknown) &
    ([Below<`${P}${K}.`>] extends [never] ? unknown : Tree<`${P}${K}.`>);
};

/** Every operation as a method: `session.run` is `client.session.run(input, options)`. */
export type Methods = Tree<''>;
