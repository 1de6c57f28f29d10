import {
  type Finding,
  parseWith,
  pointerOf,
  type ResourceName,
  type RouteDescriptor,
  resourceName,
  routeDescriptor,
  serviceSpec,
} from '@postern/contracts';
import { carryKnown } from './carry-known.ts';
import {
  type Imported,
  type ImportedDocument,
  type ImportedFinding,
  type ImportSource,
  isObject,
  notCarried,
  notMade,
} from './imported.ts';
import { KALIX_ROUTE, KALIX_SERVICE } from './kalix-shapes.ts';
import { type Descriptor, leaveOthers, readKalixEnvelope } from './read-kalix-envelope.ts';

type Path = readonly PropertyKey[];

/**
 * Imports route and service descriptors of Kalix and Akka: bare ones, those of a project descriptor (`resource: Route`), JSON
 * exports, and lists of them.
 *
 * `targets` says where the services run, by name: their own descriptors only say how to start them. A route that Postern cannot
 * hold as it is meant is not made at all.
 */
export function importKalix(
  sources: readonly ImportSource[],
  { targets = new Map() }: { targets?: ReadonlyMap<string, string> } = {},
): Imported {
  const run = new KalixImport(targets);
  for (const [index, source] of sources.entries()) run.read(index, source.value, [], source.defaultName);
  return run.finish();
}

class KalixImport {
  readonly #targets: ReadonlyMap<string, string>;
  readonly #services = new Map<string, ImportedDocument>();
  readonly #routes = new Map<string, ImportedDocument & { kind: 'route' }>();
  readonly #findings: ImportedFinding[] = [];

  constructor(targets: ReadonlyMap<string, string>) {
    this.#targets = targets;
  }

  /** Reads one document, or each of a list. */
  read(source: number, value: unknown, path: Path, defaultName: string): void {
    const list = Array.isArray(value) ? value : isObject(value) ? value.items : undefined;
    if (Array.isArray(list)) {
      const base = Array.isArray(value) ? path : [...path, 'items'];
      if (isObject(value))
        leaveOthers(value, ['items', 'kind'], path, (finding) => this.#add(source, finding));
      for (const [index, item] of list.entries()) this.read(source, item, [...base, index], defaultName);
      if (list.length === 0) this.#add(source, notCarried(pointerOf(base), 'the list is empty'));
      return;
    }
    const found = readKalixEnvelope(value, path, (finding) => this.#add(source, finding));
    if (found === undefined) return;
    const whole = pointerOf(path);
    const name = this.#nameOf(source, found.name === null ? defaultName : found.name.text, whole);
    if (found.kind === 'route') this.#readRoute(source, found, name, whole);
    else this.#readService(source, found, name, whole);
  }

  finish(): Imported {
    const routes = [...this.#routes.values()];
    const used = new Set(routes.flatMap(({ spec }) => spec.routes.map(({ route }) => route.service)));
    for (const name of used) this.#makeService(name);
    const missing = [...used].filter((name) => !this.#services.has(name));
    return {
      documents: [...this.#services.values(), ...routes],
      findings: this.#findings,
      steps: [
        ...new Set(routes.flatMap(({ spec }) => stepsOfSecrets(spec))),
        ...missing.map((name) => `postern service create ${name} --target URL`),
      ],
    };
  }

  #readRoute(
    source: number,
    { spec, path }: Descriptor,
    name: ResourceName | undefined,
    whole: string,
  ): void {
    const known = carryKnown(spec, KALIX_ROUTE, path, (finding) => this.#add(source, finding));
    const result = parseWith(routeDescriptor, known);
    const base = pointerOf(path);
    if (!result.ok) {
      for (const finding of result.findings) {
        this.#add(source, { ...finding, pointer: base + finding.pointer });
      }
      this.#add(source, notMade(whole, 'the route is not made: Postern cannot hold what is wrong in it'));
    } else if (name !== undefined && this.#routes.has(name)) {
      this.#add(source, notMade(whole, `there is another route "${name}": this one is not made`));
    } else if (name !== undefined) {
      this.#routes.set(name, { kind: 'route', name, spec: result.value, source, base });
    }
  }

  #readService(
    source: number,
    { spec, path }: Descriptor,
    name: ResourceName | undefined,
    whole: string,
  ): void {
    carryKnown(spec, KALIX_SERVICE, path, (finding) => this.#add(source, finding));
    if (!isObject(spec)) this.#add(source, notMade(whole, 'this is not the description of a service'));
    if (name === undefined) return;
    if (this.#targets.has(name)) this.#makeService(name);
    else {
      const message = `the service "${name}" is not made: nothing says where it runs`;
      this.#add(source, notCarried(whole, message, `add --target ${name}=URL`));
    }
  }

  #makeService(name: string): void {
    const target = this.#targets.get(name);
    if (target === undefined) return;
    const spec = serviceSpec.parse({ targets: [target] });
    this.#services.set(name, { kind: 'service', name: resourceName.parse(name), spec });
  }

  #nameOf(source: number, text: unknown, whole: string): ResourceName | undefined {
    const result = parseWith(resourceName, text);
    if (result.ok) return result.value;
    const message = result.findings[0]?.message ?? 'this is not a name';
    this.#add(source, notMade(whole, `not made, for its name: ${message}`));
    return undefined;
  }

  #add(source: number, finding: Finding): void {
    this.#findings.push({ source, finding });
  }
}

function stepsOfSecrets({ tls }: RouteDescriptor): string[] {
  const { clientValidationCa: ca, serverCertificate: own } = tls ?? {};
  return [
    ...(ca === undefined ? [] : [`postern secret create tls-ca ${ca.name} --cert FILE`]),
    ...(own === undefined ? [] : [`postern secret create tls ${own.name} --cert FILE --key FILE`]),
  ];
}
