import { hash } from 'node:crypto';
import { LIMITS, type PresentedChain } from '@postern/contracts/plain';

/** What a client presented, for the ledger; null for nothing, and for more than is kept. */
export function presentedChainOf(chain: readonly Buffer[], trusted: boolean): PresentedChain | null {
  const bytes = chain.reduce((sum, der) => sum + der.length, 0);
  if (bytes === 0 || bytes > LIMITS.presentedChainBytesMax) return null;
  if (chain.length > LIMITS.presentedCertificatesMax) return null;
  return {
    hash: chainHashOf(chain),
    trusted,
    certificates: chain.map((der) => der.toString('base64')),
  };
}

/** SHA-256 over the DERs in order, hex. */
export function chainHashOf(chain: readonly Buffer[]): string {
  return hash('sha256', Buffer.concat(chain));
}
