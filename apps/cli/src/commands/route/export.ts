import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';

export class RouteExport extends PosternCommand {
  static override summary = "Print a route's descriptor as YAML";
  static override description =
    `What is printed goes back through "route update NAME -f" and comes out again byte for byte. With --json the descriptor is printed as JSON, which -f reads as well.`;
  static readonly exits = {
    0: 'printed',
    5: 'there is no such route',
  };
  static override examples = [
    'postern route export my-route > my-route.yaml',
    "postern route export my-route | sed 's/^host: .*/host: copy.example.org/' | postern route create my-copy -f -",
  ];
  static override args = {
    name: nameArg('route')({ required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteExport);
    const { client, project } = await this.connect(flags);
    const { spec } = await client.routes.get(project, args.name);
    const { writeDescriptor } = await import('../../descriptor/write-descriptor.ts');
    await this.show(flags, { data: spec, names: [args.name], text: () => writeDescriptor(spec) });
  }
}
