import { LIMITS } from '@postern/contracts';
import { nameOfInput, readInputFile } from '../read-input-file.ts';
import { type RouteFile, readRouteFile } from './read-route-file.ts';

/** Reads the route of `--filename`; `-` is standard input. Usage failure when unreadable, validation failure when wrong. */
export function loadRouteFile(path: string): RouteFile {
  return readRouteFile(nameOfInput(path), readInputFile(path, '--filename', LIMITS.descriptorBytesMax));
}
