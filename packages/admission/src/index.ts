export { type CompiledMatchers, compileMatchers, type SubjectHit } from './compile-matchers.ts';
export { type CertificatePath, followPath } from './follow-path.ts';
export { judgeSubject } from './judge-subject.ts';
export { refusalOfOpenSslCode } from './openssl-code.ts';
