/** WebSockets for clients in a Node that has none of its own. */
import type { WebSocketConstructor } from '../client/socket.ts';

/** @throws TypeError when the package `ws` is not there */
export async function nodeWebSocket(): Promise<WebSocketConstructor> {
  try {
    const { WebSocket } = await import('ws');
    return WebSocket as unknown as WebSocketConstructor;
  } catch (cause) {
    throw new TypeError('no WebSocket here: pass one as the option WebSocket, or install the package ws', { cause });
  }
}
