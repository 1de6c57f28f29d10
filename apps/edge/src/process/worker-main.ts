import { quickenImports } from '@postern/runtime/quicken';

quickenImports();
const { runWorkerProcess } = await import('./run-worker-process.ts');
runWorkerProcess();
