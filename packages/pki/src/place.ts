import type { Finding } from '@postern/contracts';

/** Where a piece of text begins: the value in the caller's document, then line and column inside it, from 1. */
export interface Place {
  readonly pointer: string;
  readonly line?: number;
  readonly column?: number;
}

/** Makes the finding that something at a place is wrong. */
export function errorAt(place: Place, code: string, message: string, hint?: string): Finding {
  return findingAt('error', place, code, message, hint);
}

/** Makes the finding that something at a place is doubtful. */
export function warningAt(place: Place, code: string, message: string, hint?: string): Finding {
  return findingAt('warning', place, code, message, hint);
}

function findingAt(
  severity: Finding['severity'],
  place: Place,
  code: string,
  message: string,
  hint: string | undefined,
): Finding {
  return {
    severity,
    code,
    message,
    pointer: place.pointer,
    ...(hint === undefined ? {} : { hint }),
    ...(place.line === undefined ? {} : { line: place.line }),
    ...(place.column === undefined ? {} : { column: place.column }),
  };
}
