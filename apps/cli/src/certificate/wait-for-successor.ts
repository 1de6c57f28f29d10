import { setTimeout as sleep } from 'node:timers/promises';
import type { PosternClient } from '@postern/client';
import type { CertificateResource } from '@postern/contracts';
import { certificateProgress } from './certificate-progress.ts';

/** Milliseconds between looks. */
const LOOK_EVERY_MS = 200;

/**
 * Waits until another certificate has taken the place of the one that was there, at most `timeoutMs`. `missing` says in one
 * line what stands in the way where none has.
 */
export async function waitForSuccessor(
  client: PosternClient,
  before: CertificateResource,
  name: string,
  timeoutMs: number,
  look: (text: string) => void,
): Promise<{ readonly certificate: CertificateResource; readonly missing: string | undefined }> {
  const former = before.certificate?.fingerprint;
  const certificate = await lookUntil(
    before,
    timeoutMs,
    (found) => found.certificate !== null && found.certificate.fingerprint !== former,
    async () => {
      const found = await client.certificates.get(before.project, name);
      look(certificateProgress(name, found));
      return found;
    },
  );
  const isThere = certificate.certificate !== null && certificate.certificate.fingerprint !== former;
  if (isThere) return { certificate, missing: undefined };
  const { lastError, nextAttemptAt } = certificate;
  const why =
    lastError === null || lastError.at < (before.pendingSince ?? '')
      ? 'it is under way'
      : `${lastError.code}: ${lastError.detail}; next attempt ${nextAttemptAt ?? ''}`;
  return { certificate, missing: `the next certificate of ${name} is not there yet: ${why}` };
}

/** Waits until the CA has answered the wish to revoke, at most `timeoutMs`. */
export function waitForRevocation(
  client: PosternClient,
  asked: CertificateResource,
  name: string,
  timeoutMs: number,
): Promise<CertificateResource> {
  const fingerprint = asked.revocation?.fingerprint;
  return lookUntil(
    asked,
    timeoutMs,
    // A successor takes the wish along with what it was about.
    ({ revocation }) => revocation?.fingerprint !== fingerprint || revocation?.state !== 'waiting',
    () => client.certificates.get(asked.project, name),
  );
}

async function lookUntil(
  first: CertificateResource,
  timeoutMs: number,
  isEnough: (found: CertificateResource) => boolean,
  look: () => Promise<CertificateResource>,
): Promise<CertificateResource> {
  const until = performance.now() + timeoutMs;
  let found = first;
  while (!isEnough(found) && performance.now() < until) {
    await sleep(LOOK_EVERY_MS);
    found = await look();
  }
  return found;
}
