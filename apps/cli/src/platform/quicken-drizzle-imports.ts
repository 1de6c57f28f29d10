import { registerHooks } from 'node:module';

/**
 * Makes the store load in a tenth of the time: for each of drizzle-orm's 150 modules Node would parse that package's
 * package.json (180 kB) again, only to learn that they are ES modules. To be called before the store is imported.
 */
export function quickenDrizzleImports(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const parent = context.parentURL;
      if (
        parent === undefined ||
        !specifier.startsWith('.') ||
        !parent.includes('/node_modules/drizzle-orm/')
      ) {
        return nextResolve(specifier, context);
      }
      return { url: new URL(specifier, parent).href, format: 'module', shortCircuit: true };
    },
  });
}
