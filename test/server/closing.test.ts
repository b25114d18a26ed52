import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openServer } from '../support/server.ts';

it('does not wait for connections that were opened ahead and never used', async () => {
  const server = await openServer({ allowAnonymous: true });
  // As browsers do, and every pool of connections.
  const spare = connect(Number(new URL(server.url).port), '127.0.0.1');
  onTestFinished(() => void spare.destroy());
  await once(spare, 'connect');
  await fetch(`${server.url}/healthz`);
  const gone = once(spare, 'close');
  const began = performance.now();
  await server.close();
  await gone;
  expect(performance.now() - began).toBeLessThan(5_000);
});
