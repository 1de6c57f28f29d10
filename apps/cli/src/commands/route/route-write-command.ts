import type { PosternClient, Written } from '@postern/client';
import type { RouteResource } from '@postern/contracts';
import { PosternCommand } from '../../base-command.ts';
import type { RouteFile } from '../../descriptor/read-route-file.ts';

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
    flags: { readonly json: boolean; readonly wait: boolean; readonly timeout: number },
    file: RouteFile | null = null,
  ): Promise<void> {
    if (!flags.json) process.stdout.write(text);
    await this.sayFindings(written.resource.findings, file);
    const { waitUntilReady } = await import('../../route/wait-until-ready.ts');
    const route = flags.wait
      ? await waitUntilReady(client, written, flags.timeout, (line) => this.say(line))
      : written.resource;
    if (flags.json) this.printJson(route);
  }
}
