import { checkDescriptor } from '@postern/compile';
import { PosternError, type RouteDescriptor } from '@postern/contracts';
import { findingsUnder } from './body-pointers.ts';
import { countOf } from './operation.ts';

/** Refuses a descriptor with an error that needs no rows to be seen (a regex that does not parse): `validation_failed`. */
export function refuseDescriptorErrors(spec: RouteDescriptor): void {
  const found = checkDescriptor(spec);
  if (!found.some((finding) => finding.severity === 'error')) return;
  const findings = findingsUnder('spec', found);
  throw new PosternError('validation_failed', { detail: countOf(findings), findings });
}
