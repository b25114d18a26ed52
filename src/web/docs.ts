/** `/docs`: every operation on one page that asks nobody for anything, made from the OpenAPI description. */
import { createHash } from 'node:crypto';
import type { OpenApi, OpenApiOperation } from '../http/openapi.ts';
import { SCRIPT, STYLE } from './docs-assets.ts';
import { type FieldRow, fieldRows } from './fields.ts';
import { html, Markup } from './html.ts';

export interface DocsPage {
  readonly html: string;
  /** Allows exactly the page's own style and script. */
  readonly contentSecurityPolicy: string;
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

type Resolve = Parameters<typeof fieldRows>[1];

/** Made once per server: it does not depend on the request. */
export function renderDocs(document: OpenApi): DocsPage {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ method: method.toUpperCase(), path, operation })),
  );
  const resolve: Resolve = (reference) =>
    document.components.schemas?.[reference.slice('#/components/schemas/'.length)] as ReturnType<Resolve>;

  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${document.info.title} ${document.info.version}</title><style>${new Markup(STYLE)}</style></head>
<body><a class="skip" href="#operations">Skip to the operations</a>
<header><h1>${document.info.title} <small>${document.info.version}</small></h1>
<p class="lead">${document.info.summary} Also as <a href="/openapi.json">OpenAPI 3.1</a>.</p>
<div id="finder" hidden><label for="search">Search operations</label>
<input id="search" type="search" autocomplete="off" placeholder="path, name or word — press / to come here">
<p class="note" id="found" role="status"></p></div></header>
<main id="operations">${document.tags.map(({ name, description }) =>
    layer(
      name,
      description,
      entries.filter(({ operation }) => operation.tags.includes(name)),
      resolve,
    ),
  )}</main><script>${new Markup(SCRIPT)}</script></body></html>`;

  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return {
    html: page.text,
    contentSecurityPolicy: `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}

function layer(name: string, description: string, entries: readonly Entry[], resolve: Resolve): Markup {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = entry.operation.operationId.split('.')[0]!;
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  return html`<section aria-labelledby="layer-${name}"><h2 id="layer-${name}">${name}</h2>${description.split('\n\n').map((part) => html`<p class="lead">${part}</p>`)}
${[...groups].map(
  ([group, members]) =>
    html`<section><h3>${group.replace(/[-_]/g, ' ')}</h3>${members.map((entry) => card(entry, resolve))}</section>
`,
)}</section>`;
}

function card(entry: Entry, resolve: Resolve): Markup {
  const { method, path, operation } = entry;
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const words = `${method} ${path} ${operationId} ${summary}`.toLowerCase();
  const body = requestBody?.content['application/json'];
  const aliases = operation['x-aliases'];
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const refusals = Object.entries(responses).filter(([status]) => !status.startsWith('2'));
  const given = parameters.map((parameter): FieldRow => {
    const [row] = fieldRows({ properties: { [parameter.name]: parameter.schema } }, resolve);
    const notes = parameter.description ?? row?.notes ?? '';
    return {
      name: `${parameter.name} (${parameter.in})`,
      type: row?.type ?? 'any',
      required: parameter.required,
      notes,
    };
  });

  return html`<details id="${operationId}" data-words="${words}"><summary><span class="method ${method}">${method}</span>
<code>${path}</code><span class="does">${summary}</span></summary><div class="body">
${description !== undefined && html`<p>${description}</p>`}
<p class="note">${operationId} · ${access(operation)}${aliases !== undefined && ` · also ${aliases.join(', ')}`}</p>
${fields('Parameters', given)}
${body !== undefined && fields('Body', fieldRows(body.schema, resolve))}
<h4>Example</h4><div class="scroll"><pre tabindex="0"><code class="curl">${curl(entry)}</code></pre></div>
${requestBody?.description !== undefined && html`<p class="note">${requestBody.description}</p>`}
${successes.map(([status, { content }]) => {
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  const rows = media === undefined ? [] : fieldRows(media.schema, resolve);
  const title = `Answer ${status}${type === undefined ? ', no body' : type === 'application/json' ? '' : `, ${type}`}`;
  return rows.length === 0 ? html`<h4>${title}</h4>` : fields(title, rows, false);
})}
<h4>Errors</h4><div class="scroll"><table><thead><tr><th scope="col">Status</th><th scope="col">When</th></tr></thead><tbody>
${refusals.map(([status, response]) => html`<tr><td>${status}</td><td>${response.description}</td></tr>`)}
</tbody></table></div></div></details>
`;
}

function fields(title: string, rows: readonly FieldRow[], input = true): Markup | undefined {
  if (rows.length === 0) return undefined;
  return html`<h4>${title}</h4><div class="scroll"><table><thead><tr><th scope="col">Field</th><th scope="col">Type</th>
<th scope="col">Notes</th></tr></thead><tbody>${rows.map(
    ({ name, type, required, notes }) =>
      html`<tr><td><code>${name}</code></td><td>${type}</td><td>${input && required && 'required'}${
        input && required && notes !== '' && ' — '
      }${notes}</td></tr>`,
  )}</tbody></table></div>`;
}

function access({ security }: OpenApiOperation): string {
  if (security.length === 0) return 'open to everybody';
  return security.some((scheme) => 'basic' in scheme) ? 'Basic credentials' : 'needs a token';
}

function curl({ method, path, operation }: Entry): string {
  const { parameters, requestBody, security } = operation;
  const value = (parameter: (typeof parameters)[number]) => encodeURIComponent(String(parameter.example ?? ''));
  const filled = parameters
    .filter((parameter) => parameter.in === 'path' && parameter.example !== undefined)
    .reduce((url, parameter) => url.replace(`{${parameter.name}}`, value(parameter)), path);
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.example !== undefined)
    .map((parameter) => `${encodeURIComponent(parameter.name)}=${value(parameter)}`);
  const url = `http://localhost:8080${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const isBasic = security.some((scheme) => 'basic' in scheme);
  const example = requestBody?.content['application/json']?.example;
  return [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${quote(url)}`,
    ...(isBasic ? [`-u "$METRICS_USER:$METRICS_PASSWORD"`] : security.length === 0 ? [] : [`-H "X-API-Key: $TOKEN"`]),
    ...(example === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quote(JSON.stringify(example, null, 2))}`]),
  ].join(' \\\n  ');
}

/** For a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
