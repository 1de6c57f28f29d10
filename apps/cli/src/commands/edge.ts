import { Command } from '@oclif/core/command';

export class Edge extends Command {
  static override summary = 'Run an edge alone';
  static override description =
    'Follows the API at POSTERN_EDGE_API_URL with the token in POSTERN_EDGE_TOKEN_FILE. Serves from its own copy while the API is down. SIGUSR2 restarts all of it, from what is installed then, without a pause for clients.';
  static readonly related = ['up', 'api'];
  static override examples = ['postern edge'];
  static readonly handlesSignals = true;

  async run(): Promise<void> {
    await this.parse(Edge);
    const { runEdge } = await import('../platform/run-edge.ts');
    await runEdge();
  }
}
