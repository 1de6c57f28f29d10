import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseDurationMs } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';
import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';
import { RouteWriteCommand } from './route-write-command.ts';

const ACTIONS = ['start', 'status', 'finish', 'abort'] as const;

/** Milliseconds that `finish` waits for edges, which report every 10 s. */
const REPORT_WAIT_MS = 30_000;

export class RouteRotateCa extends RouteWriteCommand {
  static override summary = 'Replace the client CA of a route without turning any client away';
  static override description =
    `start trusts the CA of --next beside the present one: clients of both are admitted from then on. status lists the clients that the present CA let in last, with the time. finish lets the next CA take the place of the present one; before, every connected edge must have told whom it saw until now, and it refuses while an edge that was there within --grace is not connected, or a client used the present CA within --grace. --force ends the rotation all the same. abort drops the next CA again.

Connections of clients whom the remaining CA vouches for go on; the others end within 5 s. CAs that rules name (--path-client-ca) are not touched.`;
  static readonly exits = {
    0: 'done; status: nothing stands against finish',
    1: 'status: something stands against finish; finish, abort: not confirmed',
    2: 'nobody to ask and no --yes',
    3: 'the next CA cannot be used',
    5: 'there is no such route',
    6: 'a rotation is under way, or none is; finish: it is not over yet',
  };
  static readonly related = ['route:get', 'route:update', 'secret:create'];
  static override examples = [
    'postern route rotate-ca start my-route --next my-new-ca',
    'postern route rotate-ca status my-route',
    'postern route rotate-ca finish my-route',
    'postern route rotate-ca abort my-route --yes',
  ];
  static override args = {
    action: Args.string({
      description: 'what to do',
      options: [...ACTIONS],
      required: true,
      ignoreStdin: true,
    }),
    name: nameArg('route')({ required: true }),
  };
  static override flags = {
    next: Flags.string({ description: 'start: tls-ca secret that takes the place', helpValue: 'SECRET' }),
    grace: Flags.custom<number>({
      description: 'status, finish: how long the present CA must not have been used',
      helpValue: 'DURATION',
      default: 86_400_000,
      defaultHelp: async () => '24h',
      parse: async (text) => parseDurationMs(text, '--grace'),
    })(),
    force: Flags.boolean({ description: 'finish: whatever stands against it', default: false }),
    ...WAIT_FLAGS,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteRotateCa);
    const { action, name } = args;
    if (flags.next === undefined && action === 'start')
      throw usageFailure('start needs --next with the name of a tls-ca secret');
    if (flags.next !== undefined && action !== 'start')
      throw usageFailure(`--next means nothing to ${action}`);
    if (flags.force && action !== 'finish') throw usageFailure(`--force means nothing to ${action}`);
    const { client, project } = await this.connect(flags);
    const rotation = await import('../../route/rotate-ca.ts');
    if (action === 'status') {
      const status = await client.routes.rotation(project, name, { graceMs: flags.grace });
      const { describeRotation } = await import('../../route/describe-rotation.ts');
      await this.show(flags, {
        data: status,
        names: [name],
        text: (layout) => describeRotation(status, layout),
      });
      if (!status.finishable) process.exitCode = 1;
      return;
    }
    const route = await client.routes.get(project, name);
    const change = async (cas: { current: string; next?: string }, text: string) => {
      const { explainRouteRefusal } = await import('../../route/explain-route-refusal.ts');
      const written = await rotation.writeClientCas(client, project, route, cas).catch((error: unknown) => {
        throw explainRouteRefusal(error, name, null);
      });
      await this.finishWrite(client, written, text, flags);
    };
    if (action === 'start') {
      const next = flags.next ?? '';
      const { name: current } = rotation.caBeforeRotation(route, next);
      for (const warning of await rotation.warnOfNames(client, project, current, next)) this.say(warning);
      return change({ current, next }, `Route ${name} trusts ${current} and ${next}\n`);
    }
    const { current, next } = rotation.casOfRotation(route);
    if (action === 'abort') {
      await this.confirm(`Stop trusting "${next}" on route "${name}"? Its clients are turned away.`, flags);
      return change({ current }, `Route ${name} trusts ${current} alone\n`);
    }
    const progress = await this.progress('waiting until every edge has told whom it saw');
    const status = await client.routes
      .rotation(project, name, { graceMs: flags.grace, waitMs: flags.force ? 0 : REPORT_WAIT_MS })
      .finally(() => progress.stop());
    rotation.requireFinishable(status, flags.force);
    await this.confirm(rotation.questionOfFinish(status), flags);
    return change({ current: next }, `Route ${name} trusts ${next} alone\n`);
  }
}
