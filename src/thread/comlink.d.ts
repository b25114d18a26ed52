/** Comlink ships this file without types that Node's module resolution would find. */
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { MessagePort } from 'node:worker_threads';
  import type { Endpoint } from 'comlink';

  /** A Node port in the shape of a browser's. */
  export default function nodeEndpoint(port: MessagePort): Endpoint;
}
