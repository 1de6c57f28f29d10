import { PosternError } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';
import { RouteWriteCommand } from './route-write-command.ts';

export class RouteEdit extends RouteWriteCommand {
  static override summary = "Edit a route's descriptor in your editor";
  static override description =
    `Opens $VISUAL, else $EDITOR, else vi. A rejected edit reopens with the errors as comments; leave it unchanged, or empty, to give up. What was edited is kept, and its path printed.`;
  static readonly exits = {
    0: 'updated or unchanged',
    1: 'the editor failed or left nothing',
    2: 'no editor',
    3: 'given up on a rejected edit',
    5: 'there is no such route',
    6: 'the route changed meanwhile',
  };
  static override examples = [
    'postern route edit my-route',
    '$ EDITOR="code --wait" postern route edit my-route',
  ];
  static override args = {
    name: nameArg('route')({ required: true }),
  };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteEdit);
    if (!flags.input) throw usageFailure('an edit needs somebody to edit', OTHER_WAY);
    const editor = this.env.editor ?? editorOfTerminal();
    const { client, project } = await this.connect(flags);
    const { writeDescriptor } = await import('../../descriptor/write-descriptor.ts');
    const { placeDescriptorFindings } = await import('../../descriptor/read-route-file.ts');
    const { editUntilAccepted } = await import('../../route/edit-loop.ts');
    const route = await client.routes.get(project, args.name);
    const outcome = await editUntilAccepted({
      name: args.name,
      text: writeDescriptor(route.spec),
      editor,
      accept: async (file) => {
        try {
          const body = { labels: file.labels ?? undefined, spec: file.descriptor };
          return {
            value: await client.routes.update(project, args.name, body, { ifVersion: route.version }),
          };
        } catch (error) {
          if (!(error instanceof PosternError) || !isCorrectable(error)) throw error;
          const findings = error.findings.length > 0 ? error.findings : [wholeFinding(error)];
          return { rejected: placeDescriptorFindings(file, findings) };
        }
      },
    });
    if (!outcome.changed) {
      await this.show(flags, {
        data: route,
        names: [args.name],
        text: () => `Route ${args.name} unchanged\n`,
      });
      return;
    }
    await this.finishWrite(client, outcome.value, `Route ${args.name} updated\n`, flags);
  }
}

const OTHER_WAY = 'use `route export` and `route update -f`';

function editorOfTerminal(): string {
  if (process.stdin.isTTY && process.stdout.isTTY) return 'vi';
  throw usageFailure('vi needs a terminal', `set VISUAL or EDITOR to another editor, or ${OTHER_WAY}`);
}

/** True for what another edit of the same text can mend. */
function isCorrectable(error: PosternError): boolean {
  return error.code === 'validation_failed' || error.code === 'hostname_taken';
}

function wholeFinding(error: PosternError) {
  const pointer = error.code === 'hostname_taken' ? '/host' : '';
  return { severity: 'error' as const, code: error.code, message: error.message, pointer };
}
