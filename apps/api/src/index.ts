export { type DataDirectory, type DataDirectoryOptions, openDataDirectory } from './data-directory.ts';
export { type ApiEnv, readApiEnv } from './env.ts';
export { loadMasterKey } from './master-key.ts';
export { runApi } from './run-api.ts';
export { type ApiOptions, type RunningApi, startApi } from './start-api.ts';
