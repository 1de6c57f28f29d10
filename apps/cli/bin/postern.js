#!/usr/bin/env node
// Plain JavaScript so that an older Node reads it and answers with one clear line.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`postern needs Node 22.18 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
const { enableCompileCache } = await import('node:module');
const { homedir } = await import('node:os');
const { existsSync, mkdirSync } = await import('node:fs');
const { dirname } = await import('node:path');
try {
  // Not where Node would have it, in the folder for temporary files: what another user left there would be run as ours.
  const cache = `${homedir()}/.cache/postern`;
  // One folder after the other: where none can be made, as below /proc, Node itself would try for ever.
  for (const folder of [dirname(cache), cache]) if (!existsSync(folder)) mkdirSync(folder);
  enableCompileCache(cache);
} catch {
  // A user without a home starts a little later.
}
await import('../src/main.ts');
