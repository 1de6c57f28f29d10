import { checkDescriptor } from '@postern/compile';
import { type Finding, LIMITS, PosternError, type RouteDescriptor } from '@postern/contracts';
import { findingsUnder } from './body-pointers.ts';
import { countOf } from './operation.ts';

/**
 * Refuses a descriptor with an error that needs no rows to be seen (`validation_failed`): a regex that does not parse, or
 * more than LIMITS.descriptorBytesMax bytes of JSON, which no file could hold and every edge would have to.
 */
export function refuseDescriptorErrors(spec: RouteDescriptor): void {
  const found = [...findTooLarge(spec), ...checkDescriptor(spec)];
  if (!found.some((finding) => finding.severity === 'error')) return;
  const findings = findingsUnder('spec', found);
  throw new PosternError('validation_failed', { detail: countOf(findings), findings });
}

function findTooLarge(spec: RouteDescriptor): Finding[] {
  const bytes = Buffer.byteLength(JSON.stringify(spec));
  if (bytes <= LIMITS.descriptorBytesMax) return [];
  const message = `a descriptor has at most ${LIMITS.descriptorBytesMax} bytes, not ${bytes}`;
  return [{ severity: 'error', code: 'too_large', message, pointer: '' }];
}
