import { createHash } from 'node:crypto';

interface Described {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Record<string, Record<string, DescribedOperation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

interface DescribedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly Record<string, unknown>[];
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: { description?: string };
  }[];
  readonly requestBody?: { readonly content: Record<string, { schema: object }> };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}
h2{border-bottom:1px solid #ccc;margin-top:2.5rem}h3{margin:2rem 0 .25rem}code,pre{font-family:ui-monospace,monospace;font-size:.875rem}
pre{background:#f4f4f4;padding:.75rem;overflow:auto}table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.15rem .75rem .15rem 0}
nav a{margin-right:1rem}@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{background:#242424}a{color:#8ab4f8}}`;

/** What the page may do: use its own style. It loads nothing, runs nothing and is shown in no frame. */
export const DOCS_PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Makes one HTML page of an OpenAPI document: every operation with its parameters, answers and a curl line. */
export function renderDocsPage(document: object): string {
  const { info, paths, components } = document as Described;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? 'other'))];
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => (operation.tags[0] ?? 'other') === tag);
    return `<h2 id="${escapeHtml(tag)}">${escapeHtml(tag)}</h2>\n${own.map(operationHtml).join('\n')}`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary><pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre></details>`,
  );
  const links = [...tags, 'schemas'].map((tag) => `<a href="#${escapeHtml(tag)}">${escapeHtml(tag)}</a>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(info.title)} API</title>
<style>${STYLE}</style></head><body>
<h1>${escapeHtml(info.title)} API ${escapeHtml(info.version)}</h1>
<p>${escapeHtml(info.description ?? '')} The same for programs: <a href="/openapi.json">/openapi.json</a>.</p>
<p>The examples take the address from <code>$POSTERN_URL</code> and a token from <code>$POSTERN_TOKEN</code>.</p>
<nav>${links.join('\n')}</nav>
${sections.join('\n')}
<h2 id="schemas">schemas</h2>
${schemas.join('\n')}
</body></html>
`;
}

function operationHtml({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: DescribedOperation;
}): string {
  const parameters = (operation.parameters ?? []).map(
    (parameter) =>
      `<tr><td><code>${escapeHtml(parameter.name)}</code></td><td>${escapeHtml(parameter.in)}${parameter.required === true ? ', needed' : ''}</td><td>${escapeHtml(parameter.description ?? parameter.schema?.description ?? '')}</td></tr>`,
  );
  const answers = Object.entries(operation.responses).map(
    ([status, answer]) =>
      `<tr><td><code>${escapeHtml(status)}</code></td><td>${escapeHtml(answer.description)}</td><td>${Object.entries(
        answer.content ?? {},
      )
        .map(contentHtml)
        .join(', ')}</td></tr>`,
  );
  const body = Object.entries(operation.requestBody?.content ?? {}).map(contentHtml);
  return `<section id="${escapeHtml(operation.operationId)}"><h3><code>${method} ${escapeHtml(path)}</code></h3>
<p>${escapeHtml(operation.summary)}. ${scopeOf(operation)}</p>
${body.length === 0 ? '' : `<p>Body: ${body.join(', ')}</p>`}
${parameters.length === 0 ? '' : `<table><tr><th>parameter</th><th>in</th><th></th></tr>${parameters.join('')}</table>`}
<table><tr><th>answer</th><th></th><th></th></tr>${answers.join('')}</table>
<pre>${escapeHtml(curlOf(path, method, operation))}</pre></section>`;
}

function contentHtml([type, { schema }]: [string, { schema?: object }]): string {
  const name = (schema as { $ref?: string } | undefined)?.$ref?.split('/').at(-1);
  return `<code>${escapeHtml(type)}</code>${name === undefined ? '' : ` <a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`}`;
}

function scopeOf(operation: DescribedOperation): string {
  const scope = Object.keys(operation.security?.[0] ?? {})[0];
  return scope === undefined
    ? 'Needs no token.'
    : `Needs a token of scope <code>${escapeHtml(scope)}</code>.`;
}

function curlOf(path: string, method: string, operation: DescribedOperation): string {
  const target = path.replace('{project}', 'default').replaceAll(/\{(\w+)\}/g, 'NAME');
  return [
    'curl -fsS',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    ...(scopeOf(operation).startsWith('Needs no') ? [] : ['-H "Authorization: Bearer $POSTERN_TOKEN"']),
    ...(operation.requestBody === undefined ? [] : ["-H 'Content-Type: application/json' --data @body.json"]),
    `"$POSTERN_URL${target}"`,
  ].join(' ');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
