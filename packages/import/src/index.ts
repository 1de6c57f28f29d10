export { importKalix } from './import-kalix.ts';
export { importKrakend } from './import-krakend.ts';
export type { Imported, ImportedDocument, ImportedFinding, ImportSource } from './imported.ts';
