import type { PosternClient, Written } from '@postern/client';
import type { RouteResource } from '@postern/contracts';
import { PosternCommand } from '../../base-command.ts';
import type { RouteFile } from '../../descriptor/read-route-file.ts';
import { isForPerson, type OutputFlags } from '../../output/output-format.ts';
import type { View } from '../../output/show-view.ts';

/** What the commands that write a route share: how they end. */
export abstract class RouteWriteCommand extends PosternCommand {
  /**
   * Prints what came of a write, with the warnings of the API, and waits until the route is served (unless `--no-wait`).
   * A person reads at once that it is written; a program gets the route as it is after the wait.
   */
  protected async finishWrite(
    client: PosternClient,
    written: Written<RouteResource>,
    text: string,
    flags: OutputFlags & { readonly wait: boolean; readonly timeout: number },
    file: RouteFile | null = null,
  ): Promise<void> {
    const forPerson = isForPerson(flags);
    const viewOf = (route: RouteResource): View => ({ data: route, names: [route.name], text: () => text });
    if (forPerson) await this.show(flags, viewOf(written.resource));
    await this.sayFindings(written.resource.findings, file);
    const route = flags.wait ? await this.#wait(client, written, flags.timeout) : written.resource;
    if (!forPerson) await this.show(flags, viewOf(route));
  }
  async #wait(
    client: PosternClient,
    written: Written<RouteResource>,
    timeoutMs: number,
  ): Promise<RouteResource> {
    const { waitUntilReady } = await import('../../route/wait-until-ready.ts');
    const progress = await this.progress(`waiting until ${written.resource.name} is served`);
    const warnings: string[] = [];
    const say = (line: string) => void warnings.push(line);
    const { routeProgress } = await import('../../certificate/certificate-progress.ts');
    const route = await waitUntilReady(client, written, timeoutMs, say, (present) =>
      progress.update(routeProgress(present)),
    ).finally(() => progress.stop());
    for (const line of warnings) this.say(line);
    return route;
  }
}
