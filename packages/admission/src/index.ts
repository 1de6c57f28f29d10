export { type OpenSslVerdict, refusalOfBoth } from './agree-with-openssl.ts';
export { type ClientBundle, type ClientPath, type FindClientPath, findClientPath } from './client-path.ts';
export { type HostPolicy, hostPolicyOf, type PolicySources } from './client-policy.ts';
export {
  type CompiledMatchers,
  compileMatchers,
  type MatcherResult,
  type SubjectHit,
  writeMatcher,
} from './compile-matchers.ts';
export { evaluateClient } from './evaluate-client.ts';
export { evaluateForHost, evaluateForRule } from './evaluate-host.ts';
export {
  type EvaluatedRequest,
  evaluateRequest,
  type RequestAnswer,
  type RequestEvaluation,
} from './evaluate-request.ts';
export {
  EVALUATION_CHECKS,
  type EvaluatedCertificate,
  type Evaluation,
  type EvaluationCheck,
  type EvaluationCheckName,
} from './evaluation.ts';
export type {
  ClientPolicy,
  JudgeRevocation,
  PresentedClient,
  RevocationFinding,
} from './evaluation-input.ts';
export { judgeSubject } from './judge-subject.ts';
export { loadNameRegexes } from './name-regex.ts';
export { refusalOfOpenSslCode } from './openssl-code.ts';
export { type AnchorSet, readAnchors } from './path/path-node.ts';
export { PATH_CHECKS, type PathCertificate, type PathCheck, type PathResult } from './path/path-result.ts';
export { type PathInput, validatePath } from './path/validate-path.ts';
export { predictHandshake } from './predict-handshake.ts';
export {
  compareHosts,
  type ReplayedChange,
  type ReplayedHost,
  type ReplayedVerdict,
} from './replay-client.ts';
export type { CheckedList } from './revocation/judge-revocation.ts';
export { readCheckedList } from './revocation/read-checked-list.ts';
export { indexRevocations, type RevocationIndex } from './revocation/revocation-index.ts';
export { compileRuleDemands, type RuleDemands } from './rule-demands.ts';
export { createRuleTable, type RuleTable } from './rule-table.ts';
export { isServedMethod } from './served-methods.ts';
