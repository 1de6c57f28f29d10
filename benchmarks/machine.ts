import { cpus } from 'node:os';

/** What of the machine and runtime decides the figures, in one line: they cannot be compared without it. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.replaceAll(/\((R|TM)\)/g, '') ?? 'unknown processor';
  return `Node ${process.versions.node} (OpenSSL ${process.versions.openssl}), ${cpus().length} cores, ${model}`;
}
