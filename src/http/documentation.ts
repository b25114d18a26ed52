/** The two operations that describe all the others: `/openapi.json` and `/docs`. */
import { z } from 'zod';
import { Answer, type Operation, operation } from '../operations/operation.ts';
import { renderDocs } from '../web/docs.ts';
import { createOpenApi } from './openapi.ts';

/** @returns the operations with the documentation of all of them added, unless the list serves those paths itself */
export function withDocumentation(operations: readonly Operation[], version: string): readonly Operation[] {
  const taken = new Set(operations.map(({ http }) => http.path));
  const all: readonly Operation[] = [...operations, ...[openApi, docs].filter(({ http }) => !taken.has(http.path))];

  // Made when first asked for: a start-up without readers does not pay for it.
  let json: string | undefined;
  let page: Answer | undefined;
  function describing(op: Operation): Operation {
    if (op === openApi) {
      const body = () => (json ??= JSON.stringify(createOpenApi(all, version)));
      return { ...op, run: async () => new Answer(body(), { contentType: 'application/json' }) };
    }
    if (op !== docs) return op;
    return { ...op, run: async () => (page ??= renderPage(all, version)) };
  }
  return all.map(describing);
}

function renderPage(operations: readonly Operation[], version: string): Answer {
  const { html, contentSecurityPolicy } = renderDocs(createOpenApi(operations, version));
  return new Answer(html, {
    contentType: 'text/html; charset=utf-8',
    headers: { 'Content-Security-Policy': contentSecurityPolicy, 'Referrer-Policy': 'no-referrer' },
  });
}

const shared = { dialect: 'synod', input: {}, access: 'open', mutates: false, example: {}, owned: [] } as const;

const openApi = operation({
  ...shared,
  name: 'documentation.openapi',
  summary: 'Describes every operation as an OpenAPI 3.1 document',
  http: { method: 'GET', path: '/openapi.json', status: 200 },
  output: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
  run: async () => undefined,
});

const docs = operation({
  ...shared,
  name: 'documentation.page',
  summary: 'Shows this page',
  http: { method: 'GET', path: '/docs', status: 200 },
  output: z.string().meta({ contentType: 'text/html' }),
  run: async () => undefined,
});
