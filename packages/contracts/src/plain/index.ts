// What needs no schema: programs that live for one call read this alone, and start without zod. Nothing below it may
// import a value from a file with schemas.
export { CERTIFICATE_REASONS, conditionReasonOf } from '../certificate-reasons.ts';
export { pointerOf } from '../json-pointer.ts';
export { LIMITS } from '../limits.ts';
export { PosternError, PROBLEMS, problemCodeOf } from '../problems.ts';
export { isResourceName, type ResourceName } from '../resource-name.ts';
