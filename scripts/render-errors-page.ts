import { PROBLEMS, REFUSAL_REASONS } from '../packages/contracts/src/index.ts';

/** docs/errors.md, from the problem catalogue. */
export function renderErrorsPage(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, owner, retryable, title, meaning }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${status} | ${owner} | ${retryable ? 'yes' : 'no'} | ${title}. ${meaning} |`,
  );
  const reasons = Object.entries(REFUSAL_REASONS).map(
    ([reason, meaning]) => `| \`${reason}\` | ${meaning} |`,
  );
  return `# Errors

Made by \`npm run generate\` from \`packages/contracts/src/problems.ts\`; a test keeps the two equal.

The API and the edge answer with problem details (RFC 9457): \`type\`, \`title\`, \`status\`, \`code\`, \`docs\`, and where they
help \`detail\`, \`reason\`, \`refusal\` ([ledger.md](ledger.md)), \`requestId\`, \`findings\`, \`conflict\`. Rely on \`code\`: it is never renamed or reused. \`type\` is
\`urn:postern:problem:CODE\`: a name that stays and leads nowhere. \`docs\` names the place on this page. \`conflict\` says
what stands in the way of a write: version, time and writer, and each place that differs, \`before\` and \`after\`, as a JSON
pointer; password hashes and the values of secrets are never in it. The last 10 versions before the present one are kept for it.

The owner says who has to act: the client that calls, whoever wrote the configuration (config) or its rules (routing), the
upstream's owner, or the operator of Postern (platform).

| code | status | owner | retry | meaning |
|---|---|---|---|---|
${rows.join('\n')}

## Why a client certificate is refused

These words stand in \`reason\` of a \`client_certificate_refused\` problem and in the edge's log. All but the last end the
connection during or right after the TLS handshake, so that nothing of HTTP is answered.

| reason | meaning |
|---|---|
${reasons.join('\n')}

## Exit codes of the CLI

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | the command line is wrong |
| 3 | the input is not valid (\`validation_failed\`, \`malformed_body\`, \`payload_too_large\`) |
| 4 | not authenticated or not allowed (\`unauthorized\`, \`forbidden\`) |
| 5 | not found |
| 6 | conflict (\`already_exists\`, \`version_conflict\`, \`in_use\`, \`hostname_taken\`) |
| 7 | the API could not be reached or did not answer in time |
| 130 | interrupted by Ctrl-C |

With \`--json\` a failure is one JSON object on standard error: \`{"error": {"code", "exitCode", "message", "hint", "findings"}}\`,
the last two only where there are any. \`code\` is one of the first table here, or \`usage\` (exit 2), \`unreachable\` (7),
\`interrupted\` (130) or \`failed\` (1). Findings about a file have the \`line\` and \`column\` in it.
`;
}
