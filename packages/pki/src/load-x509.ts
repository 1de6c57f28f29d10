/**
 * The library that makes certificates, loaded with the first one that is made: an edge and most commands make none, and would wait for it at
 * every start.
 */
export async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}
