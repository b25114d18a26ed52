/** The audits of the GraphQL-over-HTTP specification, as its authors wrote them: all of them, MUST, SHOULD and MAY. */
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServer, type TestServer } from '../support/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await openServer({ allowAnonymous: true });
});
afterAll(() => server.close());

describe.each(['/api/graphql', '/graphql'])('%s', (path) => {
  it.each(serverAudits({ url: () => server.url + path }).map((audit) => [audit.id, audit.name, audit] as const))(
    '%s %s',
    async (_id, _name, audit) => {
      const result = await audit.fn();
      expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
    },
  );
});
