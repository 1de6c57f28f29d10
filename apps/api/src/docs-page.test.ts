import { expect, test } from 'vitest';
import { OPERATIONS } from './operations/index.ts';
import { renderDocsPage } from './render-docs-page.ts';
import { startTestApi } from './testing/test-api.ts';

test('the docs page holds every operation, refers to nothing elsewhere and may run nothing', async () => {
  await using api = await startTestApi();
  const response = await fetch(`${api.url}/docs`);
  const page = await response.text();
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(response.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+';/,
  );
  for (const { id, path } of OPERATIONS) {
    expect(page).toContain(`<section id="${id}">`);
    expect(page).toContain(path);
  }
  const references = [...page.matchAll(/(?:href|src|action|data|poster|srcset)="([^"]*)"/g)].map(
    ([, to]) => to,
  );
  expect(references.length).toBeGreaterThan(OPERATIONS.length);
  for (const to of references) expect(to).toMatch(/^(#|\/openapi\.json$)/);
  const targets = references.filter((to) => to?.startsWith('#')).map((to) => to?.slice(1));
  for (const target of targets) expect(page).toContain(`id="${target}"`);
  expect(page).not.toMatch(/<script|<iframe|<link|<img|@import|url\(|javascript:/i);
});

test('nothing in the document can become markup', () => {
  const odd = '"><script>alert(1)</script>';
  const page = renderDocsPage({
    info: { title: odd, version: odd, description: odd },
    paths: {
      [`/${odd}`]: {
        get: { operationId: odd, summary: odd, tags: [odd], responses: { 200: { description: odd } } },
      },
    },
    components: { schemas: { [odd]: { description: odd } } },
  });
  expect(page).not.toContain('<script');
});
