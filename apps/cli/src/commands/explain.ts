import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../base-command.ts';
import { usageFailure } from '../cli-failure.ts';

export class Explain extends PosternCommand {
  static override summary = 'Say why a client certificate is admitted or refused, check by check';
  static override description =
    'Asks the API for the route, its CAs, the revocations and revocation lists, and decides with the code that edges use; nothing is sent to an edge. With --refusal the certificates are those of a recorded refusal, judged by what holds now.';
  static readonly exits = {
    0: 'the client would be admitted',
    1: 'it would be refused',
    5: 'no route of the project serves the host, or no such refusal',
  };
  static readonly related = ['route:test', 'route:validate', 'refusal:get'];
  static override examples = [
    'postern explain shop.acme.org --cert client.crt',
    'postern explain shop.acme.org --path /admin --cert client.crt --chain intermediates.crt -o json',
    'postern explain --refusal 0mib3k5c0-9f86d081884c7d65',
  ];
  static override args = {
    host: Args.string({ description: 'host that the client calls', ignoreStdin: true }),
  };
  static override flags = {
    cert: Flags.string({
      description: 'client certificate (PEM), with what the client sends after it',
      helpValue: 'FILE',
    }),
    chain: Flags.string({
      description: 'further certificates (PEM) that the client sends after those',
      helpValue: 'FILE',
      dependsOn: ['cert'],
    }),
    path: Flags.string({ description: 'path of the request', helpValue: 'PATH', default: '/' }),
    refusal: Flags.string({
      description: 'id of a recorded refusal, in place of host and certificate',
      helpValue: 'ID',
      exclusive: ['cert'],
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain);
    if ((args.host === undefined) === (flags.refusal === undefined)) {
      throw usageFailure(
        'give a HOST, or the id of a refusal',
        'like postern explain shop.acme.org --cert FILE',
      );
    }
    const { readCase } = await import('../explain/read-case.ts');
    const { evaluateRoute } = await import('../route/evaluate-route.ts');
    const { explanationOf } = await import('../explain/explanation.ts');
    const { tellPending } = await import('../explain/tell-pending.ts');
    const { describeExplanation } = await import('../explain/describe-explanation.ts');
    const { client, project } = await this.connect(flags);
    const { request, chain } = await readCase(client, project, { host: args.host, ...flags });
    const now = Date.now();
    const { route, known, evaluation } = await evaluateRoute(client, project, request, chain, now);
    const explanation = tellPending(explanationOf(known, request, evaluation, now), route);
    await this.show(flags, {
      data: explanation,
      names: [route.name],
      text: (layout) => describeExplanation(explanation, layout),
    });
    if (explanation.verdict === 'refuse') process.exitCode = 1;
  }
}
