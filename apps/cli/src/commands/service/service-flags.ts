import * as Flags from '@oclif/core/flags';
import { parseDurationMs } from '../../base-command.ts';
import { labelFlag } from '../write-flags.ts';

function duration(flag: string, description: string) {
  return Flags.custom<number>({
    description,
    helpValue: 'DURATION',
    parse: async (text) => parseDurationMs(text, flag),
  })();
}

/** Flags that `service create` and `service update` share. */
export const SERVICE_FLAGS = {
  target: Flags.string({
    description:
      'http://, https:// or h2c:// with host and port; repeatable, the least busy one for its weight (1 to 1000, 1 when unset) is chosen',
    helpValue: 'URL[,weight=N]',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'target-weight': Flags.string({
    description: 'changes the weight of a target; repeatable',
    helpValue: 'URL=N',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'ca-secret': Flags.string({
    description: 'tls-ca secret that alone is trusted for https targets',
    helpValue: 'NAME',
  }),
  'client-certificate-secret': Flags.string({
    description: 'tls secret shown to https targets',
    helpValue: 'NAME',
  }),
  'host-header': Flags.string({ description: 'which Host goes on', options: ['client', 'target'] }),
  'connect-timeout': duration('--connect-timeout', 'until connected and secured; 5s when unset'),
  'response-timeout': duration('--response-timeout', 'until the response head; 60s when unset'),
  'idle-timeout': duration('--idle-timeout', 'without a byte in either body; 5m when unset'),
  'max-body-bytes': Flags.integer({
    description: 'larger request bodies are answered 413',
    helpValue: 'BYTES',
    min: 0,
  }),
  'health-check-path': Flags.string({
    description: 'edges check each target by a GET of this path; every 2xx is healthy',
    helpValue: 'PATH',
  }),
  'health-check-status': Flags.integer({
    description: 'a status that is healthy in place of every 2xx; repeatable',
    helpValue: 'STATUS',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'health-check-host': Flags.string({
    description: "Host of the check by path; the target's own when unset",
    helpValue: 'HOST',
  }),
  'health-check-grpc': Flags.boolean({
    description: 'edges check each target by the gRPC health protocol (h2c:// and https:// targets)',
  }),
  'health-check-grpc-service': Flags.string({
    description: 'the gRPC service that is asked about; the server as a whole when unset',
    helpValue: 'NAME',
  }),
  'health-check-tcp': Flags.boolean({
    description: 'edges check that each target accepts connections (https:// ones with their TLS)',
  }),
  'health-check-interval': duration(
    '--health-check-interval',
    'between two checks of a target; 10s when unset',
  ),
  'health-check-timeout': duration('--health-check-timeout', 'longest check; 2s when unset'),
  'healthy-after': Flags.integer({
    description: 'successes in a row until an unhealthy target is used again; 2 when unset',
    helpValue: 'N',
  }),
  'unhealthy-after': Flags.integer({
    description: 'failures in a row until a healthy target is left out; 3 when unset',
    helpValue: 'N',
  }),
  label: labelFlag('a label; repeatable, an update adds to those that are there'),
  wait: Flags.boolean({
    description:
      'wait until the edge serves the change and, with a health check, finds every target healthy (--no-wait does not)',
    default: true,
    allowNo: true,
  }),
};
