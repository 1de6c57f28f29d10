import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';
import { retryOnConflict } from '../../retry-on-conflict.ts';
import { nameArg } from '../name-arg.ts';
import { parseLabels } from '../write-flags.ts';
import { SERVICE_FLAGS } from './service-flags.ts';

export class ServiceUpdate extends PosternCommand {
  static override summary = 'Change a service; what no flag names stays';
  static override description =
    `--target replaces all targets, --target-weight changes one that is there. Removals happen first.`;
  static readonly exits = {
    0: 'updated',
    3: 'the service is refused',
    5: 'there is no such service',
    6: 'it changed meanwhile',
    7: 'updated, but not every target is healthy in time',
  };
  static override examples = [
    'postern service update cart --target http://127.0.0.1:3000 --target http://127.0.0.1:3001',
    'postern service update shop --target-weight http://10.0.0.2:3000=9 --health-check-interval 5s',
    'postern service update pay --remove-client-certificate-secret',
  ];
  static override args = {
    name: nameArg('service')({ required: true }),
  };
  static override flags = {
    ...SERVICE_FLAGS,
    'remove-ca-secret': Flags.boolean({ description: 'trust the public roots for https targets again' }),
    'remove-client-certificate-secret': Flags.boolean({ description: 'show no certificate to targets' }),
    'remove-max-body-bytes': Flags.boolean({ description: 'do not limit request bodies' }),
    'remove-health-check': Flags.boolean({ description: 'check the targets no longer' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServiceUpdate);
    const { applyServiceFlags, namesServiceChange } = await import('../../service/apply-service-flags.ts');
    const { checkServiceDraft } = await import('../../service/check-service-draft.ts');
    const added = parseLabels(flags.label);
    if (!namesServiceChange(flags) && added === undefined) {
      throw usageFailure('nothing to change', 'postern service update --help shows the flags');
    }
    const { client, project } = await this.connect(flags);
    const { explainRefusal } = await import('../../explain-refusal.ts');
    const written = await retryOnConflict(async () => {
      const present = await client.services.get(project, args.name);
      const spec = checkServiceDraft(args.name, applyServiceFlags(present.spec, flags));
      return client.services.update(
        project,
        args.name,
        { labels: added === undefined ? undefined : { ...present.labels, ...added }, spec },
        { ifVersion: present.version },
      );
    }).catch((error: unknown) => {
      throw explainRefusal(error, `the service "${args.name}"`);
    });
    await this.show(flags, {
      data: written.resource,
      names: [args.name],
      text: () => `Service ${args.name} updated\n`,
    });
    await this.sayFindings(written.resource.findings);
    if (!flags.wait) return;
    const { waitUntilHealthy } = await import('../../service/wait-until-healthy.ts');
    const note = await waitUntilHealthy(client, written, flags.timeout);
    if (note !== undefined) this.say(note);
  }
}
