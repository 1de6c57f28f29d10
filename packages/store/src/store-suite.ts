import { describe } from 'vitest';
import { describeAcme } from './testing/acme-suite.ts';
import { describeCertificates } from './testing/certificate-suite.ts';
import { describeHosts } from './testing/host-suite.ts';
import { describeHostnames } from './testing/hostname-suite.ts';
import { describeLeases } from './testing/lease-suite.ts';
import { describeLedger } from './testing/ledger-suite.ts';
import { describeLists } from './testing/list-suite.ts';
import { describeLog } from './testing/log-suite.ts';
import { describeResources } from './testing/resource-suite.ts';
import { describeRevocations } from './testing/revocation-suite.ts';
import type { MakeHarness } from './testing/suite-fixtures.ts';
import { describeTokens } from './testing/token-suite.ts';
import { describeWrites } from './testing/write-suite.ts';

/** The behaviour every Store has, whatever database it lies in; `makeHarness` gives an empty one for each test. */
export function describeStore(title: string, makeHarness: MakeHarness): void {
  describe(title, () => {
    describeResources(makeHarness);
    describeHosts(makeHarness);
    describeHostnames(makeHarness);
    describeCertificates(makeHarness);
    describeAcme(makeHarness);
    describeLog(makeHarness);
    describeLists(makeHarness);
    describeWrites(makeHarness);
    describeTokens(makeHarness);
    describeRevocations(makeHarness);
    describeLedger(makeHarness);
    describeLeases(makeHarness);
  });
}
