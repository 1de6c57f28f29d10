import { describeStore } from '../store-suite.ts';
import { makeSqliteHarness } from './sqlite-harness.ts';

describeStore('a Store in SQLite', makeSqliteHarness);
