import { PosternError } from '@postern/contracts';
import { type Demo, startDemo } from '@postern/demo';
import { listenFailure, parseListenAddresses } from '@postern/runtime';
import { readPlatformEnv } from './env.ts';
import type { StartedPart } from './run-until-signal.ts';

/** Starts the echo service on POSTERN_DEMO_LISTEN; fails in one line that names address and variable. */
export async function startDemoService(): Promise<Demo> {
  const [listen, ...more] = parseListenAddresses(readPlatformEnv().demoListen, 'POSTERN_DEMO_LISTEN');
  if (listen === undefined || more.length > 0) {
    throw new PosternError('validation_failed', { detail: 'POSTERN_DEMO_LISTEN: one address is needed' });
  }
  try {
    return await startDemo({ listen });
  } catch (error) {
    throw listenFailure('POSTERN_DEMO_LISTEN', listen, error);
  }
}

/** `postern demo`: the echo service in a process of its own. */
export async function startDemoAlone(): Promise<StartedPart> {
  const demo = await startDemoService();
  return { lines: [`The demo service is ready at ${demo.url}.`], close: () => demo.close() };
}
