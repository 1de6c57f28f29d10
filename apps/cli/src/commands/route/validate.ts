import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { parsePast } from '../time-flags.ts';

export class RouteValidate extends PosternCommand {
  static override summary = 'Check a descriptor file, and say whom it would admit';
  static override description =
    'Without --replay it reads no API: whether the named secrets and services exist is not checked. With --ca it looks at the client CAs too; with --cert and --ca it also says, as explain does, whether a client would be admitted. With --replay the API judges the clients that the route has seen and refused lately by the file, and tells who would change sides; nothing is written.';
  static readonly exits = {
    0: 'valid (warnings are printed), and the client of --cert would be admitted, or nobody of --replay changes sides',
    1: 'the client of --cert would be refused, or somebody of --replay changes sides',
    3: 'at least one error',
    5: 'no route to replay: none has the name, or the host of the file',
  };
  static readonly related = ['explain', 'validate', 'route:create', 'route:observe'];
  static override examples = [
    'postern route validate -f my-route.yaml',
    'postern route validate -f my-route.yaml --cert client.crt --ca my-ca=ca.crt',
    'postern route validate -f my-route.yaml --replay 7d',
  ];
  static override args = { name: nameArg('route')() };
  static override flags = {
    filename: Flags.string({
      char: 'f',
      description: 'YAML or JSON file (- for standard input)',
      helpValue: 'FILE',
      required: true,
    }),
    cert: Flags.string({
      description: 'client certificate (PEM) to judge, with what the client sends after it',
      helpValue: 'FILE',
    }),
    ca: Flags.string({
      description: 'certificates (PEM) of a tls-ca secret that the descriptor names; repeatable',
      helpValue: 'NAME=FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    replay: Flags.string({
      description: 'judge the clients seen since by the file: 30m, 24h, 7d, or a time (ISO 8601)',
      helpValue: 'TIME',
      exclusive: ['cert'],
    }),
    crl: Flags.string({
      description: 'revocation list (PEM or DER) of one of these CAs; repeatable',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['cert'],
    }),
    path: Flags.string({
      description: 'path of the request of that client',
      helpValue: 'PATH',
      default: '/',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteValidate);
    this.quietFor(flags);
    const { loadRouteFile } = await import('../../descriptor/load-route-file.ts');
    const { placeDescriptorFindings, rejectedFile } = await import('../../descriptor/read-route-file.ts');
    const { formatPlacedFindings } = await import('../../descriptor/format-findings.ts');
    const { checkDescriptor, clientCaDoubts } = await import('@postern/compile');
    const { routeNameOf } = await import('./route-flags.ts');
    const file = loadRouteFile(flags.filename);
    if (args.name !== undefined) routeNameOf(args.name, file.name, file.source.file);
    const found = [...checkDescriptor(file.descriptor)];
    if (flags.ca !== undefined) {
      const { caPemsOf } = await import('../../explain/explain-file.ts');
      const pems = caPemsOf(flags.ca);
      found.push(...clientCaDoubts(file.descriptor, (name) => pems.get(name)));
    }
    const placed = placeDescriptorFindings(file, found);
    if (placed.some(({ finding }) => finding.severity === 'error')) {
      throw rejectedFile(file.source.file, file.source.text, placed);
    }
    if (placed.length > 0) this.say(formatPlacedFindings(file.source.file, file.source.text, placed));
    const findings = placed.map(({ finding }) => finding);
    const valid = `${file.source.file} is valid\n`;
    if (flags.replay !== undefined) {
      const since = parsePast(flags.replay, '--replay', Date.now());
      const { client, project } = await this.connect(flags);
      const { describeReplay, gapsOf, replayDescriptor } = await import('../../route/replay-descriptor.ts');
      const name = args.name ?? file.name ?? undefined;
      const replay = await replayDescriptor(client, project, { name, descriptor: file.descriptor, since });
      await this.show(flags, {
        data: { valid: true, findings, replay },
        names: replay.changes.flatMap(({ fingerprint }) => fingerprint ?? []),
        text: (layout) => `${valid}${describeReplay(replay, layout)}`,
      });
      for (const gap of gapsOf(replay)) this.say(`note: ${gap}`);
      if (replay.changes.length > 0) process.exitCode = 1;
      return;
    }
    if (flags.cert === undefined) {
      await this.print(flags, { valid: true, findings }, () => valid);
      return;
    }
    const { explainFile } = await import('../../explain/explain-file.ts');
    const { describeExplanation } = await import('../../explain/describe-explanation.ts');
    const client = explainFile(file.descriptor, { ...flags, cert: flags.cert }, Date.now());
    await this.show(flags, {
      data: { valid: true, findings, client },
      names: [],
      text: (layout) => `${valid}\n${describeExplanation(client, layout)}`,
    });
    if (client.verdict === 'refuse') process.exitCode = 1;
  }
}
