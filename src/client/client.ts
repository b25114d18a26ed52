/** The client of a Synod server: every operation as a method, and the stream of everything that happens. */
import { type Methods, type OperationName, type Operations, ROUTES } from './contract.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import { type Route, requestOf } from './route.ts';
import { RecordStream, type StreamFilter, type StreamOptions } from './stream.ts';
import { Transport } from './transport.ts';

/** What an operation takes, by its name: `Input<'session.run'>`. */
export type Input<N extends OperationName> = Operations[N]['input'];
/** What an operation answers. */
export type Output<N extends OperationName> = Operations[N]['output'];

type CallArguments<N extends OperationName> =
  Record<never, never> extends Input<N>
    ? [input?: Input<N>, options?: CallOptions]
    : [input: Input<N>, options?: CallOptions];

export interface ClientCore {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  /**
   * Runs an operation by its name, for those who know it only then; `client.session.run(…)` is the same.
   *
   * @throws SynodError
   */
  call<N extends OperationName>(name: N, ...args: CallArguments<N>): Promise<Output<N>>;
  /**
   * Every change of every actor of the caller as it becomes durable, in order. It connects when it is read, and connects
   * again by itself when the connection is lost, without gap or repetition.
   *
   * @example
   * for await (const record of client.stream({ kinds: ['session'] })) console.log(record.id, record.type);
   */
  stream(filter?: StreamFilter, options?: StreamOptions): RecordStream;
}

/** Every method throws {@link SynodError} when it cannot be done. */
export type Client = ClientCore & Methods;

/**
 * Makes a client. Nothing is sent yet.
 *
 * @param url of the server: `http://localhost:3000`
 * @throws TypeError for what is no URL
 * @example
 * const client = createClient('http://localhost:3000', { token });
 * const { context } = await client.session.run({ session_id: 'ada', message: 'What did we decide?' });
 */
export function createClient(url: string, options: ClientOptions = {}): Client {
  const transport = new Transport(url, options);
  const call = async (name: string, input: object = {}, callOptions?: CallOptions) => {
    const route = (ROUTES as Readonly<Record<string, Route>>)[name];
    if (route === undefined) throw new TypeError(`there is no operation "${name}"`);
    return transport.send(requestOf(name, route, input), callOptions);
  };
  const core: ClientCore = {
    url: transport.url,
    call: call as ClientCore['call'],
    stream: (filter = {}, streamOptions = {}) => new RecordStream(transport, filter, streamOptions),
  };
  for (const name of Object.keys(ROUTES)) {
    addMethod(core, name.split('.'), (input?: object, callOptions?: CallOptions) => call(name, input, callOptions));
  }
  return core as Client;
}

/** A name may be a method and hold others at once: `observer.anomalies` and `observer.anomalies.clear`. */
function addMethod(node: object, [word, ...rest]: readonly string[], method: object): void {
  const held = Object.getOwnPropertyDescriptor(node, word!)?.value as object | undefined;
  if (rest.length > 0) {
    const below = held ?? {};
    define(node, word!, below);
    addMethod(below, rest, method);
  } else {
    for (const [key, value] of Object.entries(held ?? {})) define(method, key, value);
    define(node, word!, method);
  }
}

/** By definition: a function has a `name` and a `length` that no assignment changes. */
function define(node: object, word: string, value: unknown): void {
  Object.defineProperty(node, word, { value, enumerable: true, configurable: true });
}
