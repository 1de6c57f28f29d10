import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import { CliFailure } from '../cli-failure.ts';
import { formatError } from '../output/report-error.ts';
import { hashCredentials } from '../route/basic-credentials.ts';
import { formatPlacedFindings } from './format-findings.ts';
import { placeDescriptorFindings, readRouteFile, readRouteText, rejectedFile } from './read-route-file.ts';

// POSTERN_WRITE_GOLDEN=1 rewrites what came out. In CI a difference is a failure, whatever else is set.
const isUpdating = process.env.POSTERN_WRITE_GOLDEN === '1' && process.env.CI === undefined;

const golden = fileURLToPath(new URL('../../golden/descriptor/', import.meta.url));
// Not named .yaml: formatters would stumble over what is broken on purpose, or mend it.
const cases = readdirSync(golden)
  .filter((name) => name.endsWith('.input'))
  .map((name) => name.slice(0, -'.input'.length));

function reportOf(file: string, bytes: Buffer): string {
  try {
    readRouteFile(file, bytes);
  } catch (error) {
    if (error instanceof CliFailure) return `${error.report}\nerror: ${error.message}\n`;
    throw error;
  }
  return 'accepted\n';
}

describe('a broken descriptor is reported with places, causes and hints, as in golden/descriptor:', () => {
  test.each(cases)('%s', (name) => {
    const report = reportOf(`${name}.yaml`, readFileSync(`${golden}${name}.input`));
    const expected = `${golden}${name}.txt`;
    if (isUpdating) writeFileSync(expected, report);
    expect(report).toBe(readFileSync(expected, 'utf8'));
    expect(report).not.toBe('accepted\n');
  });
});

const valid = 'host: shop.example.org\nroutes:\n- prefix: /\n  route:\n    service: echo\n';

describe('a descriptor is accepted', () => {
  test('that docs/descriptor.md shows', () => {
    const page = readFileSync(new URL('../../../../docs/descriptor.md', import.meta.url), 'utf8');
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const { descriptor } = readRouteFile('example.yaml', Buffer.from(example));
    expect(descriptor.validation?.clientCertificate?.subjectMatches).toHaveLength(5);
    // base64 of the SHA-256 of the password that the page names.
    expect(Object.values(descriptor.validation?.httpBasic?.passwordHashes ?? {})).toEqual([
      hashCredentials('anna=secret').hash,
    ]);
    expect(example).toContain('the password is "secret"');
  });

  test.each([
    ['bare', valid, null],
    [
      'in an envelope',
      `kind: Route\nname: my-route\nspec:\n  ${valid.trim().replaceAll('\n', '\n  ')}\n`,
      'my-route',
    ],
    ['as JSON', '{"host":"shop.example.org","routes":[{"prefix":"/","route":{"service":"echo"}}]}', null],
    [
      'with CRLF, a BOM, comments and document marks',
      `\ufeff# mine\r\n---\r\n${valid.replaceAll('\n', '\r\n')}...\r\n`,
      null,
    ],
  ])('%s', (_title, text, name) => {
    const file = readRouteFile('route.yaml', Buffer.from(text));
    expect(file.name).toBe(name);
    expect(file.descriptor).toEqual({
      host: 'shop.example.org',
      routes: [{ prefix: '/', route: { service: 'echo' } }],
    });
  });

  test('with words that look like other types where text is due, once quoted', () => {
    const file = readRouteFile('route.yaml', Buffer.from(valid.replace('echo', '"8080"')));
    expect(file.descriptor.routes[0]?.route.service).toBe('8080');
  });
});

describe('a file that could hurt is refused before it is built', () => {
  test.each([
    ['too large', Buffer.from(`# ${'x'.repeat(LIMITS.descriptorBytesMax)}\n${valid}`), 'bytes'],
    ['nested 20,000 brackets', Buffer.from('['.repeat(20_000)), '64 levels deep'],
    ['nested 20,000 closed brackets', Buffer.from('['.repeat(20_000) + ']'.repeat(20_000)), '64 levels deep'],
    ['nested 20,000 list marks', Buffer.from('- '.repeat(20_000)), '64 levels deep'],
    ['nested 20,000 maps', Buffer.from('{a: '.repeat(20_000)), '64 levels deep'],
    ['not UTF-8', Buffer.from([0x68, 0xff, 0xfe]), 'not UTF-8'],
  ])('%s', (_title, bytes, words) => {
    const startedAt = performance.now();
    expect(reportOf('bomb.yaml', bytes)).toContain(words);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  test('and a prototype stays as it is', () => {
    reportOf(
      'proto.yaml',
      Buffer.from('__proto__:\n  polluted: yes\nconstructor:\n  prototype: {polluted: yes}\n'),
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

test('findings of the API come back at their places, with and without an envelope and the prefix /spec', () => {
  const finding = {
    severity: 'error' as const,
    code: 'reference_missing',
    message: 'there is no service "echo"',
    pointer: '/routes/0/route/service',
  };
  const bare = readRouteFile('a.yaml', Buffer.from(valid));
  for (const pointer of [finding.pointer, `/spec${finding.pointer}`]) {
    const placed = placeDescriptorFindings(bare, [{ ...finding, pointer }]);
    expect(formatPlacedFindings('a.yaml', bare.source.text, placed)).toBe(
      'a.yaml:5:14: error: there is no service "echo"\n        service: echo\n                 ^',
    );
  }
  const text = `kind: Route\nname: r\nspec:\n  ${valid.trim().replaceAll('\n', '\n  ')}\n`;
  const wrapped = readRouteFile('b.yaml', Buffer.from(text));
  const placed = placeDescriptorFindings(wrapped, [{ ...finding, pointer: `/spec${finding.pointer}` }]);
  expect(formatPlacedFindings('b.yaml', wrapped.source.text, placed)).toMatch(/^b\.yaml:8:16: /);
});

test('control characters of a file never reach the terminal', () => {
  const text = 'host: shop.example.org # \u009b2J\n"\\e[2J\\a": x\nroutes: []\n';
  const reading = readRouteText('e.yaml', Buffer.from(text));
  if (reading.ok) throw new Error('accepted');
  const shown = formatError(rejectedFile('e.yaml', reading.text, reading.placed), { debug: false });
  expect(shown).toContain('unknown key "?[2J?"');
  expect(shown).not.toMatch(/[\u0000-\u0008\u001b\u0080-\u009f]/);
});
