import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';

export class RouteTest extends PosternCommand {
  static override summary =
    'Say which rule and service would answer a request, and what its client certificate meets';
  static override description =
    'Nothing is sent to the edge: what is stored is compiled and judged by the same code as there, and what this cannot know is named. The key is only checked to belong to the certificate; it is not sent anywhere.';
  static readonly exits = {
    0: 'a service would answer',
    1: 'the request would be refused, or nothing would answer it',
    5: 'no route of the project serves the host',
  };
  static readonly related = ['explain', 'route:get', 'dev-cert:client', 'doctor'];
  static override examples = [
    'postern route test https://shop.acme.org/cart',
    'postern route test https://shop.acme.org/cart --cert client.crt --key client.key --method POST',
    "postern route test https://shop.acme.org/live -H 'Upgrade: websocket'",
  ];
  static override args = {
    url: Args.string({ description: 'https:// URL, taken byte for byte', required: true, ignoreStdin: true }),
  };
  static override flags = {
    cert: Flags.string({
      description: 'client certificate (PEM), with what the client sends after it',
      helpValue: 'FILE',
    }),
    key: Flags.string({ description: 'its private key (PEM)', helpValue: 'FILE' }),
    method: Flags.string({ description: 'HTTP method', helpValue: 'METHOD', default: 'GET' }),
    header: Flags.string({
      char: 'H',
      description: 'a field of the request; Host and Upgrade are looked at; repeatable',
      helpValue: 'NAME: VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteTest);
    if (flags.key !== undefined && flags.cert === undefined) throw usageFailure('--key needs --cert');
    const { readClientChain, readTestRequest } = await import('../../route/read-test-request.ts');
    const request = readTestRequest(args.url, flags.method, flags.header);
    const chain = flags.cert === undefined ? null : readClientChain(flags.cert, flags.key);
    const { client, project } = await this.connect(flags);
    const { evaluateRoute } = await import('../../route/evaluate-route.ts');
    const { describeEvaluation, isServed, unknownsOf } = await import('../../route/describe-evaluation.ts');
    const tested = await evaluateRoute(client, project, request, chain, Date.now());
    const { route, known, evaluation } = tested;
    const { explanationOf } = await import('../../explain/explanation.ts');
    const unknowns = unknownsOf(tested, request, route.status.ready);
    await this.show(flags, {
      data: {
        served: isServed(evaluation),
        route: route.name,
        host: route.spec.host,
        rule: evaluation.rule,
        answer: evaluation.answer,
        client: evaluation.client === null ? null : explanationOf(known, request, evaluation, Date.now()),
        unknown: unknowns,
      },
      names: [route.name],
      text: () => describeEvaluation(tested, unknowns),
    });
    if (!isServed(evaluation)) process.exitCode = 1;
  }
}
