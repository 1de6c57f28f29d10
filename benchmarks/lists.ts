import { X509Certificate } from 'node:crypto';
import { readCheckedList } from '@postern/admission';
import { CHANGE_BODIES, LIMITS } from '@postern/contracts';
import {
  createDevAuthority,
  DER_TAGS,
  DerCursor,
  readCertificateFields,
  readRevocationList,
} from '@postern/pki';
import { makeLargeList } from './large-list.ts';
import { describeMachine } from './machine.ts';

// What does a revocation list cost a worker of an edge? Run: npm run bench:lists [-- ENTRIES...]
const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 100_000, 1_000_000];
const ROUNDS = 7;
const LOOK_UPS = 100_000;

const now = Date.now();
const authority = await createDevAuthority({ name: 'Measured CA', now, days: 30 });
const { raw } = new X509Certificate(authority.certPem);
const { publicKeyDer } = readCertificateFields(raw);
const fields = new DerCursor(raw).enter(DER_TAGS.sequence).enter(DER_TAGS.sequence);
// Version, serial number and algorithm; then the issuer, which is the CA itself.
for (let field = 0; field < 3; field += 1) fields.take();
const issuer = fields.take(DER_TAGS.sequence).whole;

/** Milliseconds of processor time of this process: on a machine that does other work too the clock says nothing. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const rows: string[] = [];
for (const entries of sizes) {
  const list = { issuer, keyPem: authority.keyPem, number: 1, now, entries, serials: [] };
  const der = makeLargeList(list);
  const document = {
    policy: 'hard' as const,
    list: der.toString('base64'),
    signerKey: publicKeyDer.toString('base64'),
  };
  const text = JSON.stringify(document);
  const reading: number[] = [];
  const parsing: number[] = [];
  const lookUps: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    let body: unknown;
    // As a worker takes it: out of the replica, then checked, read, and found signed.
    reading.push(
      cpuMs(() => {
        body = JSON.parse(text);
        readCheckedList('list', CHANGE_BODIES.crl.parse(body));
      }),
    );
    parsing.push(cpuMs(() => void readRevocationList(der)));
    const read = readRevocationList(der);
    const serials = Array.from({ length: 1_000 }, (_, index) =>
      (0x40000000 + index * 7919).toString(16).repeat(4),
    );
    lookUps.push(
      cpuMs(() => {
        for (let index = 0; index < LOOK_UPS; index += 1) read.has(serials[index % serials.length] ?? '');
      }),
    );
  }
  const size = der.length > LIMITS.crlFetchedBytesMax ? 'over the bound' : 'allowed';
  const perLookUpUs = (median(lookUps) / LOOK_UPS) * 1000;
  rows.push(
    `| ${entries.toLocaleString('en')} | ${(der.length / 2 ** 20).toFixed(1)} (${size}) | ${median(reading).toFixed(1)} | ${median(parsing).toFixed(1)} | ${perLookUpUs.toFixed(2)} | ${indexMib(entries).toFixed(1)} |`,
  );
}

/** MiB beside the DER: a table of four bytes a slot, at most half full. */
function indexMib(entries: number): number {
  return (4 * 2 ** Math.ceil(Math.log2(entries * (35 / 20) * 2))) / 2 ** 20;
}

console.log(`${describeMachine()}

| entries | DER, MiB | out of the replica to usable, CPU ms | of that read, CPU ms | look-up, CPU us | index, MiB |
|---|---|---|---|---|---|
${rows.join('\n')}`);
