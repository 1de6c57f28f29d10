/** Tokens of clients of a project are issued in this name, whatever audience its routes write. */
export function identityIssuerOf(project: string): string {
  return `urn:postern:project:${project}`;
}
