import type { FieldChange, WriteConflict } from '@postern/contracts';

/** Places shown to a person; `-o json` has all. */
const PLACES_MAX = 20;
/** Characters of one value shown to a person. */
const VALUE_CHARS_MAX = 100;

/** What stands in the way of a write, for a person: who wrote it when, then one line for each place that differs. */
export function describeConflict(conflict: WriteConflict): string[] {
  return [`there: ${describeVersion(conflict)}`, ...describeChanges(conflict)];
}

function describeVersion({ version, yourVersion, updatedAt, updatedBy }: WriteConflict): string {
  if (version === null) return `nothing any more; you had read version ${yourVersion ?? 'unknown'}`;
  const written = [
    ...(updatedAt === null ? [] : [` at ${updatedAt}`]),
    ...(updatedBy === null ? [] : [` by token ${updatedBy}`]),
  ].join('');
  const read = yourVersion === null ? '' : `; you had read version ${yourVersion}`;
  return `version ${version}${written === '' ? '' : `, written${written}`}${read}`;
}

function describeChanges({ changes, yourVersion }: WriteConflict): string[] {
  if (changes === null) return ['  what changed since is not known any more'];
  const shown = changes.slice(0, PLACES_MAX).map((change) => `  ${describeChange(change, yourVersion)}`);
  const left = changes.length - shown.length;
  return left === 0 ? shown : [...shown, `  and ${left} more: -o json has them`];
}

/** A create is compared with what is there, a write with what its writer had read. */
function describeChange(change: FieldChange, yourVersion: number | null): string {
  const { pointer, before, after, masked } = change;
  const place = pointer === '' ? 'everything' : pointer;
  if (masked === true && before === after) return `${place}: differs (values are kept back)`;
  const [from, to] = yourVersion === null ? ['there', 'yours'] : ['was', 'is'];
  return `${place}: ${from} ${shortJson(before)}, ${to} ${shortJson(after)}`;
}

function shortJson(value: unknown): string {
  if (value === undefined) return 'absent';
  const text = JSON.stringify(value);
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX - 1)}…`;
}
