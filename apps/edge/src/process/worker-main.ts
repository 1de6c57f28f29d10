import { enableCompileCache } from 'node:module';

// A restarted worker is back sooner when its code need not be compiled again.
enableCompileCache();
const { runWorkerProcess } = await import('./run-worker-process.ts');
runWorkerProcess();
