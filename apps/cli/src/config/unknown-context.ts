import { nearest } from '@postern/contracts';
import { CliFailure, type FailureKind } from '../cli-failure.ts';
import type { ConfigFile } from './config-schema.ts';

/** The failure for a context that the configuration `file` has not; `namedBy` says what named it. */
export function unknownContext(
  name: string,
  config: ConfigFile,
  file: string,
  namedBy?: { readonly source: string; readonly from: string },
  kind: FailureKind = 'usage',
): CliFailure {
  const names = config.contexts.map((other) => other.name);
  const near = nearest(name, names);
  const where = namedBy?.source === 'project-file' ? `, which ${namedBy.from} names` : '';
  return new CliFailure(kind, `there is no context "${name}" in ${file}${where}`, {
    hint:
      near !== undefined
        ? `did you mean "${near}"?`
        : names.length > 0
          ? `known contexts: ${names.join(', ')}; postern context add makes one`
          : 'start a platform here with `postern up`, or add one: postern context add NAME --url URL --token-stdin',
  });
}
