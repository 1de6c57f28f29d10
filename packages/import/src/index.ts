export { importKalix } from './import-kalix.ts';
export { importKrakend } from './import-krakend.ts';
export type { Imported, ImportedDocument, ImportedFinding, ImportSource } from './imported.ts';
export type { ReadNames } from './krakend-hosts.ts';
