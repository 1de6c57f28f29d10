import { type Finding, LIMITS } from '@postern/contracts';
import { readPemBlocks, subjectBytes } from '@postern/pki';

/**
 * Says where the client CAs of one host cannot be asked for together: a handshake names them all, and edges close a host whose names do not
 * fit. `caPems` holds the certificates of each `tls-ca` secret, in PEM.
 */
export function checkClientCas(caPems: readonly string[], pointer: string): Finding[] {
  const nameBytes = caPems.reduce((sum, pem) => sum + nameBytesOf(pem), 0);
  if (nameBytes <= LIMITS.anchorNamesBytesMax) return [];
  return [
    {
      severity: 'error',
      code: 'ca_names_too_large',
      message: `the subject names of all client CAs of the host take ${nameBytes} bytes: at most ${LIMITS.anchorNamesBytesMax} fit a handshake`,
      pointer,
      hint: 'leave out CAs that issue no clients, or serve their clients on another host',
    },
  ];
}

function nameBytesOf(caPem: string): number {
  const { blocks } = readPemBlocks(caPem, { pointer: '', use: 'certificate' });
  return blocks.reduce((sum, { der }) => sum + subjectBytes(der), 0);
}
