import type { Finding } from '@postern/contracts';
import { type ImportedFinding, notMade } from './imported.ts';

/** What is gathered while one configuration of KrakenD is read. */
export class KrakendReading {
  readonly findings: ImportedFinding[] = [];
  readonly steps: string[] = [];
  /** Name of the route; its secrets are called after it. */
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  found(finding: Finding): void {
    this.findings.push({ source: 0, finding });
  }

  /** Something because of which no route can be made. */
  notMade(pointer: string, message: string, hint?: string): void {
    this.found(notMade(pointer, `no route is made: ${message}`, hint));
  }
}
