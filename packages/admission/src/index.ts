export { type OpenSslVerdict, refusalOfBoth } from './agree-with-openssl.ts';
export { type CompiledMatchers, compileMatchers, type SubjectHit } from './compile-matchers.ts';
export {
  type EvaluatedRequest,
  evaluateRequest,
  type RequestAnswer,
  type RequestEvaluation,
} from './evaluate-request.ts';
export { judgeSubject } from './judge-subject.ts';
export { refusalOfOpenSslCode } from './openssl-code.ts';
export { type AnchorSet, readAnchors } from './path/path-node.ts';
export { PATH_CHECKS, type PathCertificate, type PathCheck, type PathResult } from './path/path-result.ts';
export { type PathInput, validatePath } from './path/validate-path.ts';
export { createRuleTable, type RuleTable } from './rule-table.ts';
export { isServedMethod } from './served-methods.ts';
