import { PosternError } from '@postern/contracts';
import { placeDescriptorFindings, type RouteFile, rejectedFile } from '../descriptor/read-route-file.ts';
import { explainRefusal } from '../explain-refusal.ts';

/** As explainRefusal, for a route: where it came from a file, the findings are told at their places there. */
export function explainRouteRefusal(error: unknown, name: string, file: RouteFile | null): unknown {
  if (file === null || !(error instanceof PosternError) || error.findings.length === 0) {
    return explainRefusal(error, `the route "${name}"`);
  }
  const placed = placeDescriptorFindings(file, error.findings);
  return rejectedFile(file.source.file, file.source.text, placed, error);
}
