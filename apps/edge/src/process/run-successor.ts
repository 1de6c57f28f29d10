import type { EdgeOptions, RunningEdge } from '../supervisor.ts';
import { startEdge } from '../supervisor.ts';
import type { HeldSocket, SocketHandle } from './listening-sockets.ts';
import type { FromSuccessor, ToSuccessor } from './succession-messages.ts';

/**
 * Runs this process as a following supervisor: takes the sockets of the one that started it, waits for the data directory, serves, and does as
 * it is told. Resolves when it serves; rejects where it cannot, having said why. Ends the process with the first supervisor.
 */
export async function runSuccessor(options: EdgeOptions): Promise<RunningEdge> {
  process.once('disconnect', () => process.exit(1));
  const https: HeldSocket[] = [];
  const http: HeldSocket[] = [];
  const running = Promise.withResolvers<RunningEdge>();
  let edge: RunningEdge | undefined;
  let inherited: EdgeOptions['inherited'];

  const begin = async (): Promise<RunningEdge> => {
    if (inherited === undefined) throw new Error('nothing was inherited');
    const started = await startEdge({
      ...options,
      inherited,
      onApplied: (ids, cursor) => tell({ type: 'applied', ids, cursor }),
    });
    await started.ready();
    return started;
  };
  const answer = async (request: number, about: 'readiness' | 'metrics'): Promise<void> => {
    if (edge === undefined) return;
    const { status } = edge;
    if (about === 'readiness') tell({ type: 'answer', request, reasons: await status.unreadyReasons() });
    else tell({ type: 'answer', request, metrics: await status.metrics() });
  };
  process.on('message', (message: ToSuccessor, handle) => {
    switch (message.type) {
      case 'socket': {
        const socket = { address: message.address, handle: handle as unknown as SocketHandle };
        (message.purpose === 'https' ? https : http).push(socket);
        return;
      }
      case 'inherit':
        inherited = { sockets: { https, http }, admin: message.admin };
        tell({ type: 'loaded' });
        return;
      case 'begin':
        begin().then(
          (started) => {
            edge = started;
            tell({ type: 'serving' });
            running.resolve(started);
          },
          (error: unknown) => {
            tell({ type: 'failed', detail: error instanceof Error ? error.message : String(error) });
            running.reject(error);
          },
        );
        return;
      case 'ask':
        answer(message.request, message.about).catch((error: unknown) => {
          options.log.error({ err: error }, 'the operator could not be answered');
        });
        return;
      case 'stand-aside':
        void edge?.standAside().then(() => tell({ type: 'aside' }));
        return;
      case 'stand-in':
        edge?.standIn();
        return;
      case 'applied':
        edge?.takeChanges(message.ids, message.cursor);
        return;
      case 'retire':
        void edge?.close().then(() => process.exit(0));
    }
  });
  return running.promise;
}

function tell(message: FromSuccessor): void {
  process.send?.(message, undefined, undefined, () => {});
}
