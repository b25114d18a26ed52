/**
 * What `import … from 'synod/client'` gives: the client of a Synod server, for browsers and Node. It needs `fetch`, and
 * nothing that has to be installed; {@link SEMPClient} also needs a WebSocket for events.
 */
export type { ErrorCode } from '../../actors/errors.ts';
export { type Client, type ClientCore, createClient, type Input, type Output } from './client.ts';
export type { Methods, OperationName, Operations } from './contract.ts';
export { type ClientErrorCode, SynodError } from './error.ts';
export type { Backoff, CallOptions, ClientOptions } from './options.ts';
export { SEMPClient } from './semp.ts';
export type { SempListeners } from './semp-listeners.ts';
export type {
  SempClosed,
  SempEvent,
  SempEventInput,
  SempEventQuery,
  SempEventType,
  SempSignal,
  SempSignalInput,
  SempSignalQuery,
} from './semp-types.ts';
export type { Socket, WebSocketConstructor } from './socket.ts';
export type { RecordStream, StreamFilter, StreamNotice, StreamOptions, StreamRecord } from './stream.ts';
