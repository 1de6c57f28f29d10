import { describe } from 'vitest';
import { describeHosts } from './suite/host-suite.ts';
import { describeLog } from './suite/log-suite.ts';
import { describeResources } from './suite/resource-suite.ts';
import type { MakeHarness } from './suite/suite-fixtures.ts';

/** The behaviour every Store has, whatever database it lies in; `makeHarness` gives an empty one for each test. */
export function describeStore(title: string, makeHarness: MakeHarness): void {
  describe(title, () => {
    describeResources(makeHarness);
    describeHosts(makeHarness);
    describeLog(makeHarness);
  });
}
