import type { DnsProvider, TxtRecord } from './dns-solver.ts';
import { runProgram } from './run-program.ts';

/**
 * A program of the operator, called as `PROGRAM add|remove NAME VALUE`, the same also in POSTERN_DNS_ACTION,
 * POSTERN_DNS_NAME and POSTERN_DNS_VALUE. It ends with 0 when the record is made or gone, within 60 s; what it prints
 * otherwise is shown to the operator. docs/acme.md has the whole contract.
 */
export function createExecProvider(program: string): DnsProvider {
  const call = (action: string, { name, value }: TxtRecord): Promise<void> =>
    runProgram(program, [action, name, value], {
      env: { POSTERN_DNS_ACTION: action, POSTERN_DNS_NAME: name, POSTERN_DNS_VALUE: value },
    });
  return {
    name: `exec (${program})`,
    add: (record) => call('add', record),
    remove: (record) => call('remove', record),
  };
}
