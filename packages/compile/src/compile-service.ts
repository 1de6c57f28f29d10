import {
  SERVICE_DEFAULTS,
  type SecretRow,
  type ServiceSpec,
  type Target,
  type Upstream,
} from '@postern/contracts';

const DEFAULT_PORTS = { http: 80, https: 443, h2c: 80 } as const;

/**
 * A service as an edge uses it: defaults filled in, targets taken apart, secrets by id.
 *
 * Undefined when a secret it names is not in the rows or a target cannot be read: without its CA the upstream would be
 * checked against the public roots instead.
 */
export function compileService(
  spec: ServiceSpec,
  secrets: ReadonlyMap<string, SecretRow>,
): Upstream | undefined {
  const targets = spec.targets.map(parseTarget).filter((target) => target !== undefined);
  const trustBundle = idOf(spec.tls?.ca?.name, secrets);
  const clientCertificate = idOf(spec.tls?.clientCertificate?.name, secrets);
  const isUsable = targets.length > 0 && targets.length === spec.targets.length;
  if (!isUsable || trustBundle === undefined || clientCertificate === undefined) return undefined;
  return {
    targets,
    trustBundle,
    clientCertificate,
    hostHeader: spec.hostHeader ?? 'client',
    connectMs: spec.timeouts?.connectMs ?? SERVICE_DEFAULTS.connectMs,
    responseHeadMs: spec.timeouts?.responseHeadMs ?? SERVICE_DEFAULTS.responseHeadMs,
    idleBodyMs: spec.timeouts?.idleBodyMs ?? SERVICE_DEFAULTS.idleBodyMs,
    maxBodyBytes: spec.maxBodyBytes ?? null,
  };
}

/** Takes a target URL apart; an IPv6 literal loses its brackets. Undefined for anything but http, https and h2c. */
function parseTarget(text: string): Target | undefined {
  const protocol = /^(http|https|h2c):\/\//.exec(text)?.[1] as Target['protocol'] | undefined;
  // The URL parser knows no h2c; as http it finds the same parts.
  const url = protocol === undefined ? null : URL.parse(text.replace(/^h2c:/, 'http:'));
  if (protocol === undefined || url === null) return undefined;
  const port = url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port);
  if (port === 0) return undefined;
  return { protocol, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
}

function idOf(name: string | undefined, secrets: ReadonlyMap<string, SecretRow>): string | null | undefined {
  return name === undefined ? null : secrets.get(name)?.id;
}
