import { parseWith, type ServiceSpec, serviceSpec } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';
import { formatFindings } from '../descriptor/format-findings.ts';
import type { DraftService } from './apply-service-flags.ts';

/** Checks a service made from flags; a validation failure with every finding. */
export function checkServiceDraft(name: string, draft: DraftService): ServiceSpec {
  const result = parseWith(serviceSpec, draft);
  if (result.ok) return result.value;
  throw new CliFailure('validation_failed', `the service "${name}" is not valid`, {
    report: formatFindings(result.findings),
    findings: result.findings,
  });
}
