import { Flags } from '@oclif/core';
import { parseDurationMs } from '../../base-command.ts';
import { labelFlag, WAIT_FLAGS } from '../write-flags.ts';

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
    description: 'http://, https:// or h2c:// with host and port; repeatable, the least busy one is chosen',
    helpValue: 'URL',
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
  label: labelFlag('a label; repeatable, an update adds to those that are there'),
  ...WAIT_FLAGS,
};
