import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { WATCH_FLAG } from '../watch-flag.ts';

export class ServiceGet extends PosternCommand {
  static override summary = 'Show a service, and its targets as the edges see them';
  static readonly exits = {
    0: 'shown',
    5: 'there is no such service',
  };
  static override examples = ['postern service get cart'];
  static override args = {
    name: nameArg('service')({ required: true }),
  };
  static override flags = { ...WATCH_FLAG };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServiceGet);
    const { client, project } = await this.connect(flags);
    if (flags.watch) {
      const { SERVICE_TABLE } = await import('../../service/describe-service.ts');
      return this.follow(flags, client.watch('service', project, args.name), SERVICE_TABLE);
    }
    const service = await client.services.get(project, args.name);
    const { describeService } = await import('../../service/describe-service.ts');
    await this.show(flags, {
      data: service,
      names: [service.name],
      text: (layout) => describeService(service, layout),
    });
    await this.sayFindings(service.findings);
  }
}
