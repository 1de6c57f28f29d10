import { checkClientCas } from './check-client-cas.ts';
import { checkRoute } from './check-route.ts';
import { checkService } from './check-service.ts';
import { compileHost } from './compile-host.ts';

export { checkDescriptor } from './check-descriptor.ts';
export { checkTargets } from './check-targets.ts';
export { clientCaDoubts, namelessCasOf } from './client-ca-doubts.ts';
export { checkClientCas, checkRoute, checkService, compileHost };

/** What the store asks of this package inside its transactions. */
export const compiler = { compileHost, checkRoute, checkClientCas, checkService } as const;
