import { type Finding, pointerOf } from '@postern/contracts';
import { checkLost, isObject, notCarried, notMade } from './imported.ts';

type Path = readonly PropertyKey[];

/** A descriptor out of what is around it. */
export interface Descriptor {
  readonly kind: 'route' | 'service';
  /** Null where the document has none. */
  readonly name: { readonly text: unknown; readonly path: Path } | null;
  readonly spec: unknown;
  readonly path: Path;
}

/** Documents of a project descriptor that a route service has no counterpart for. */
const OTHER_RESOURCES: Readonly<Record<string, string>> = {
  observability: 'Postern exports metrics at /metrics of the edge',
  broker: 'Postern has no message brokers',
  rolebindings: 'nobody gets rights by an import: tokens are made with postern token create',
};

/** Keys around a descriptor that say nothing about who is admitted. */
const ABOUT_THE_PLATFORM: ReadonlySet<string> = new Set([
  'annotations',
  'apiVersion',
  'createdTime',
  'generation',
  'id',
  'labels',
  'nextPageToken',
  'owner',
  'project',
  'region',
  'regions',
  'resourceVersion',
  'status',
  'uid',
  'updatedTime',
]);

/**
 * Takes a route or service out of its envelope: `{resource, metadata, spec}` of a project descriptor, `{name, spec}` of an
 * export, `{name, service}`, or none. Everything around it that is not carried gets a finding; undefined when there is nothing to import.
 */
export function readKalixEnvelope(
  value: unknown,
  path: Path,
  found: (finding: Finding) => void,
): Descriptor | undefined {
  if (!isObject(value)) {
    found(notMade(pointerOf(path), 'this is no descriptor of a route or service'));
    return undefined;
  }
  if (Object.hasOwn(value, 'spec')) return readEnvelope(value, path, found);
  if (Object.hasOwn(value, 'host') || Object.hasOwn(value, 'routes')) {
    return { kind: 'route', name: null, spec: value, path };
  }
  if (Object.hasOwn(value, 'service')) {
    leaveOthers(value, ['name', 'service'], path, found);
    const name = Object.hasOwn(value, 'name') ? { text: value.name, path: [...path, 'name'] } : null;
    return { kind: 'service', name, spec: value.service, path: [...path, 'service'] };
  }
  found(notMade(pointerOf(path), 'this is no descriptor of a route or service'));
  return undefined;
}

function readEnvelope(
  value: Record<string, unknown>,
  path: Path,
  found: (finding: Finding) => void,
): Descriptor | undefined {
  const word = value.resource ?? value.kind ?? kindOfSpec(value.spec);
  const kind = typeof word === 'string' ? word.toLowerCase() : '';
  const other = Object.hasOwn(OTHER_RESOURCES, kind) ? OTHER_RESOURCES[kind] : undefined;
  if (other !== undefined) {
    found(notCarried(pointerOf(path), other));
    return undefined;
  }
  if (kind !== 'route' && kind !== 'service') {
    found(notMade(pointerOf(path), 'this is no descriptor of a route or service'));
    return undefined;
  }
  for (const key of ['resource', 'kind']) {
    if (!Object.hasOwn(value, key)) continue;
    const said = value[key];
    if (typeof said === 'string' && said.toLowerCase() === kind) continue;
    const message = said === null ? `"${key}" is empty` : `"${key}" says otherwise, but this is a ${kind}`;
    found(notCarried(pointerOf([...path, key]), message));
  }
  leaveOthers(value, ['resource', 'kind', 'name', 'metadata', 'spec'], path, found);
  const inMetadata = [...path, 'metadata', 'name'];
  let name = Object.hasOwn(value, 'name') ? { text: value.name, path: [...path, 'name'] } : null;
  if (isObject(value.metadata)) {
    const { metadata } = value;
    if (Object.keys(metadata).length === 0) {
      found(notCarried(pointerOf(inMetadata.slice(0, -1)), 'it says nothing'));
    }
    leaveOthers(metadata, ['name'], inMetadata.slice(0, -1), found);
    if (name === null)
      name = Object.hasOwn(metadata, 'name') ? { text: metadata.name, path: inMetadata } : null;
    else if (Object.hasOwn(metadata, 'name') && metadata.name !== name.text) {
      found(notCarried(pointerOf(inMetadata), 'the document has another name beside this one'));
    }
  } else if (Object.hasOwn(value, 'metadata')) {
    found(notCarried(pointerOf(inMetadata.slice(0, -1)), 'this is no mapping'));
  }
  return { kind, name, spec: value.spec, path: [...path, 'spec'] };
}

function kindOfSpec(spec: unknown): string {
  if (!isObject(spec)) return '';
  return Object.hasOwn(spec, 'host') || Object.hasOwn(spec, 'routes')
    ? 'route'
    : Object.hasOwn(spec, 'image')
      ? 'service'
      : '';
}

/** Names a finding for every key but the known ones; what is not known to be about the platform may be a check. */
export function leaveOthers(
  value: Record<string, unknown>,
  known: readonly string[],
  path: Path,
  found: (finding: Finding) => void,
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const pointer = pointerOf([...path, key]);
    if (ABOUT_THE_PLATFORM.has(key))
      found(notCarried(pointer, `"${key}" is about the platform it comes from`));
    else
      found(
        checkLost(pointer, `"${key}" is not known here, so that it may be a check: it is not carried over`),
      );
  }
}
