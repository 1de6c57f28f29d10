import { expect, test } from 'vitest';
import { replaceVerdict } from '../testing/replace-verdict.ts';
import { runHandshake } from './handshake.ts';
import { proveHandshakes } from './self-test.ts';

test('the self-test passes on this Node', async () => {
  await proveHandshakes();
});

test('the self-test notices when a bad certificate is let in', async () => {
  const credulous: typeof runHandshake = async (raw, options) => {
    const outcome = await runHandshake(raw, options);
    if (outcome.outcome !== 'refused') return outcome;
    return { outcome: 'done', socket: outcome.socket, client: null, evaluation: null, alpn: false };
  };
  await expect(proveHandshakes(credulous)).rejects.toThrow(
    /self-test failed \(a bad certificate, TLSv1\.2\)/,
  );
});

test('the self-test notices when good certificates are refused', async () => {
  const deaf: typeof runHandshake = async (raw, options) => {
    const outcome = await runHandshake(raw, options);
    return outcome.outcome === 'done' ? { outcome: 'failed', code: 'DEAF', reason: null } : outcome;
  };
  await expect(proveHandshakes(deaf)).rejects.toThrow(/self-test failed \(a good certificate, TLSv1\.2\)/);
});

const refused = Object.assign(new Error('made up'), { code: 'CERT_HAS_EXPIRED' });

test.each<[string, unknown]>([
  ['is gone', undefined],
  ['calls everyone good', () => undefined],
  ['calls everyone good in another way', () => null],
  ['calls everyone bad', () => refused],
  ['answers something else', () => true],
])("the self-test notices that OpenSSL's verdict %s", async (_, verifyError) => {
  {
    using _ = replaceVerdict(verifyError);
    await expect(proveHandshakes()).rejects.toThrow(/self-test failed/);
  }
  await proveHandshakes();
});
