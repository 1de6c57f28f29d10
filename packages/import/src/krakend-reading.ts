import type { Finding } from '@postern/contracts';
import { type ImportedFinding, notMade } from './imported.ts';

/** What is gathered while one configuration of KrakenD is read. */
export class KrakendReading {
  readonly findings: ImportedFinding[] = [];
  /** True once something was found because of which no route at all can be made. */
  makesNothing = false;

  found(finding: Finding): void {
    this.findings.push({ source: 0, finding });
  }

  /** Something because of which no route at all can be made. */
  notMade(pointer: string, message: string, hint?: string): void {
    this.makesNothing = true;
    this.found(notMade(pointer, `no route is made: ${message}`, hint));
  }
}
