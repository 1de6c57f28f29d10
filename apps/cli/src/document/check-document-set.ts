import type { Finding } from '@postern/contracts';
import { placeOf } from '../descriptor/yaml-source.ts';
import { type DocumentReport, reportPlaced } from './document-report.ts';
import { idOf, type PosternDocument, placeDocumentFindings } from './postern-document.ts';

/** Errors that only several documents together make: one resource described twice, one host served by two routes. */
export function checkDocumentSet(documents: readonly PosternDocument[]): DocumentReport[] {
  const reports: DocumentReport[] = [];
  const byId = new Map<string, PosternDocument>();
  const byHost = new Map<string, PosternDocument>();
  const report = (document: PosternDocument, pointer: string, code: string, message: string): void => {
    reports.push(reportDocument(document, [{ severity: 'error', code, message, pointer }]));
  };
  for (const document of documents) {
    const id = idOf(document);
    const first = byId.get(id);
    if (first !== undefined) report(document, '/name', 'duplicate', `${id} is already in ${whereIs(first)}`);
    else byId.set(id, document);
    if (document.kind !== 'route' || first !== undefined) continue;
    const other = byHost.get(document.spec.host);
    if (other === undefined) byHost.set(document.spec.host, document);
    else {
      const message = `the host is already that of ${idOf(other)} in ${whereIs(other)}`;
      report(document, '/spec/host', 'duplicate_host', message);
    }
  }
  return reports;
}

/** Reports findings about one document (pointers into the envelope) at their places in its file. */
export function reportDocument(document: PosternDocument, findings: readonly Finding[]): DocumentReport {
  const { file, text } = document.source;
  return reportPlaced(file, text, placeDocumentFindings(document, findings));
}

/** Where a document begins, as `file:line`. */
export function whereIs({ source, base }: PosternDocument): string {
  return `${source.file}:${placeOf(source.text, source.ranges.get(base)?.value ?? 0).line}`;
}
