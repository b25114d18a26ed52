/** As much of the standard WebSocket as the client uses, and where to find one. */

export interface Socket {
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** The browser's `WebSocket`, that of Node 22, and that of the package `ws` all are. */
export type WebSocketConstructor = new (url: string) => Socket;

/** @throws TypeError where there is none */
export async function findWebSocket(): Promise<WebSocketConstructor> {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketConstructor };
  if (WebSocket !== undefined) return WebSocket;
  // Node 20. Not in a static import: a browser never comes here, and loads no more than it needs.
  const { nodeWebSocket } = await import('../ws/dial.ts');
  return nodeWebSocket();
}
