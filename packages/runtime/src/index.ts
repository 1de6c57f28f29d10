export { createLog, type LogOptions } from './create-log.ts';
export { readDataDirectory } from './env.ts';
export { type ListenAddress, parseListenAddresses, writeListenAddress } from './listen-addresses.ts';
export { listenFailure, whyNotListening } from './listen-failure.ts';
export { type DirectoryLock, holderOfDirectory, lockDirectory } from './lock-directory.ts';
export { makeDirectory } from './make-directory.ts';
export { readPrivateFile, writePrivateFile } from './private-file.ts';
