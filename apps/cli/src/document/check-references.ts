import { checkRoute, checkService } from '@postern/compile';
import type { Finding, SecretRow, ServiceSpec } from '@postern/contracts';
import { reportDocument } from './check-document-set.ts';
import { checkExpectedSecret } from './compare-document.ts';
import type { DocumentReport } from './document-report.ts';
import { findingsInEnvelope, type PosternDocument } from './postern-document.ts';
import type { PresentState } from './present-state.ts';

/**
 * Errors for everything that documents name and that neither exists nor is among them, or is of another type. `without`
 * holds the ids (`service/cart`) of resources that will be deleted.
 */
export function checkReferences(
  documents: readonly PosternDocument[],
  state: PresentState,
  without: ReadonlySet<string>,
): DocumentReport[] {
  const secrets = new Map<string, SecretRow>();
  const services = new Map<string, ServiceSpec>();
  for (const { name, id, type } of state.secret.values()) {
    if (!without.has(`secret/${name}`)) secrets.set(name, { id, type });
  }
  for (const { name, spec } of state.service.values()) {
    if (!without.has(`service/${name}`)) services.set(name, spec);
  }
  const described = new Set<string>();
  for (const document of documents) {
    if (document.kind === 'secret')
      secrets.set(document.name, { id: document.name, type: document.spec.type });
    if (document.kind !== 'service') continue;
    services.set(document.name, document.spec);
    described.add(document.name);
  }
  const findingsOf = (document: PosternDocument): Finding[] => {
    switch (document.kind) {
      case 'secret':
        return checkExpectedSecret(document, state.secret.get(document.name));
      case 'service':
        return findingsInEnvelope(checkService(document.spec, secrets));
      case 'route': {
        const route = { name: document.name, spec: document.spec };
        const rows = { project: '', route, services, secrets, issuedCertificate: null };
        // What is wrong with a service among the documents is told there.
        const own = checkRoute(rows).filter(({ message, pointer }) => {
          const service = /^service "([^"]+)": /.exec(message)?.[1];
          return service === undefined || pointer === '' || !described.has(service);
        });
        return findingsInEnvelope(own);
      }
    }
  };
  return documents.flatMap((document) => {
    const findings = findingsOf(document).map((finding) => ofRemoved(finding, without));
    // A report looks at the whole file: only where there is something to say.
    return findings.length === 0 ? [] : [reportDocument(document, findings)];
  });
}

/** What is missing only because `--prune` would delete it, told as that. */
function ofRemoved(finding: Finding, without: ReadonlySet<string>): Finding {
  const [, kind, name] = /^there is no (secret|service) "([^"]+)"$/.exec(finding.message) ?? [];
  if (finding.code !== 'reference_missing' || !without.has(`${kind}/${name}`)) return finding;
  const message = `${kind} "${name}" would be deleted by --prune: no document describes it`;
  return { ...finding, message, hint: 'bring its document, or take away its label' };
}
