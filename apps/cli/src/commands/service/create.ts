import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { parseLabels } from '../write-flags.ts';
import { SERVICE_FLAGS } from './service-flags.ts';

export class ServiceCreate extends PosternCommand {
  static override summary = 'Create a service: a name for one or more upstream targets';
  static readonly exits = {
    0: 'created',
    3: 'the service is refused',
    6: 'the name is taken',
    7: 'created, but not every target is healthy in time',
  };
  static override examples = [
    'postern service create cart --target http://127.0.0.1:3000',
    'postern service create pay --target https://pay-1.internal:8443 --target https://pay-2.internal:8443 --ca-secret internal-ca',
    'postern service create shop --target http://10.0.0.1:3000,weight=9 --target http://10.0.0.2:3000 --health-check-path /healthz',
  ];
  static override args = {
    name: nameArg('service')({ required: true }),
  };
  static override flags = { ...SERVICE_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServiceCreate);
    const { applyServiceFlags } = await import('../../service/apply-service-flags.ts');
    const { checkServiceDraft } = await import('../../service/check-service-draft.ts');
    const spec = checkServiceDraft(args.name, applyServiceFlags(undefined, flags));
    const labels = parseLabels(flags.label);
    const { client, project } = await this.connect(flags);
    const { explainRefusal } = await import('../../explain-refusal.ts');
    const written = await client.services
      .create(project, { name: args.name, labels, spec })
      .catch((error: unknown) => {
        throw explainRefusal(error, `the service "${args.name}"`);
      });
    await this.show(flags, {
      data: written.resource,
      names: [args.name],
      text: () => `Service ${args.name} created\n`,
    });
    await this.sayFindings(written.resource.findings);
    if (!flags.wait) return;
    const { waitUntilHealthy } = await import('../../service/wait-until-healthy.ts');
    const note = await waitUntilHealthy(client, written, flags.timeout);
    if (note !== undefined) this.say(note);
  }
}
