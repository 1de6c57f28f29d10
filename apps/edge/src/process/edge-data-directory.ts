import { join } from 'node:path';
import { PosternError } from '@postern/contracts/plain';
import { edgePublicKeyOf, newEdgeKeyPair } from '@postern/pki/plain';
import { lockDirectory, readPrivateFile, writePrivateFile } from '@postern/runtime';

/** An edge's own folder, held for this process until `release`. */
export interface EdgeDataDirectory {
  readonly replicaFile: string;
  readonly keyFile: string;
  /** Raw X25519 public key, base64url. */
  readonly publicKey: string;
  release(): void;
}

/**
 * Opens an edge's data directory: makes it (0700), locks it, and makes the edge's key pair (0600) at the first start.
 *
 * Throws PosternError `unavailable` when it cannot be written, another edge uses it, or its key is open to others or damaged.
 */
export function openEdgeDataDirectory(directory: string): EdgeDataDirectory {
  const lock = lockDirectory(directory, 'POSTERN_EDGE_DATA_DIR');
  try {
    const keyFile = join(directory, 'edge.key');
    return {
      replicaFile: join(directory, 'replica.db'),
      keyFile,
      publicKey: loadPublicKey(keyFile),
      release: () => lock.release(),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function loadPublicKey(file: string): string {
  const pem = readPrivateFile(file);
  if (pem === null) {
    const { publicKey, privateKeyPem } = newEdgeKeyPair();
    writePrivateFile(file, privateKeyPem);
    return publicKey;
  }
  try {
    return edgePublicKeyOf(pem.toString('utf8'));
  } catch (cause) {
    throw new PosternError('unavailable', {
      detail: `the edge key ${file} is damaged; restore it, or remove it and enrol this edge anew`,
      cause,
    });
  }
}
