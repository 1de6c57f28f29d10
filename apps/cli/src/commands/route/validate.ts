import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';

export class RouteValidate extends PosternCommand {
  static override summary = 'Check a descriptor file without sending it anywhere';
  static override description = `Reads no API: whether the named secrets and services exist is not checked.`;
  static readonly exits = {
    0: 'valid (warnings are printed)',
    3: 'at least one error',
  };
  static override examples = ['postern route validate -f my-route.yaml'];
  static override args = { name: nameArg('route')() };
  static override flags = {
    filename: Flags.string({
      char: 'f',
      description: 'YAML or JSON file (- for standard input)',
      helpValue: 'FILE',
      required: true,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteValidate);
    this.quietFor(flags);
    const { loadRouteFile } = await import('../../descriptor/load-route-file.ts');
    const { placeDescriptorFindings, rejectedFile } = await import('../../descriptor/read-route-file.ts');
    const { formatPlacedFindings } = await import('../../descriptor/format-findings.ts');
    const { checkDescriptor } = await import('@postern/compile');
    const { routeNameOf } = await import('./route-flags.ts');
    const file = loadRouteFile(flags.filename);
    if (args.name !== undefined) routeNameOf(args.name, file.name, file.source.file);
    const placed = placeDescriptorFindings(file, checkDescriptor(file.descriptor));
    if (placed.some(({ finding }) => finding.severity === 'error')) {
      throw rejectedFile(file.source.file, file.source.text, placed);
    }
    if (placed.length > 0) this.say(formatPlacedFindings(file.source.file, file.source.text, placed));
    const findings = placed.map(({ finding }) => finding);
    await this.print(flags, { valid: true, findings }, () => `${file.source.file} is valid\n`);
  }
}
