import { describeStore } from '../store-suite.ts';
import { makeSqliteHarness } from '../testing/sqlite-harness.ts';

describeStore('a Store in SQLite', makeSqliteHarness);
