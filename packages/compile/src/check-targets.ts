import { type Finding, parseTargetUrl, refusalOfAddress, type ServiceSpec } from '@postern/contracts';

/** Warnings about targets that every edge refuses to connect to; pointers into the service spec. Names are not resolved. */
export function checkTargets(spec: ServiceSpec): Finding[] {
  return spec.targets.flatMap((target, index): Finding[] => {
    const isText = typeof target === 'string';
    const host = parseTargetUrl(isText ? target : target.url)?.host;
    const why = host === undefined ? undefined : refusalOfAddress(host);
    if (host === undefined || why === undefined) return [];
    return [
      {
        severity: 'warning',
        code: 'target_refused',
        message: `no edge connects to ${host}: ${why}`,
        pointer: `/targets/${index}${isText ? '' : '/url'}`,
        hint: 'name an address of the service itself; requests to this target are answered with upstream_forbidden',
      },
    ];
  });
}
