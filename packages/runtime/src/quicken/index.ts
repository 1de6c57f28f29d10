import { type ResolveFnOutput, registerHooks } from 'node:module';

/**
 * Makes the checkout's own files load in three quarters of the time: where one imports another by its path, Node would look for each on disk and
 * read its package.json, only to learn that it is there and TypeScript; and would look for a package of the checkout beside each file that
 * imports it, though npm has linked each of them once. To be called before they are imported; what is published is JavaScript and loads as ever.
 */
export function quickenImports(): void {
  const packages = new Map<string, ResolveFnOutput>();
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const parent = context.parentURL;
      if (parent?.endsWith('.ts') !== true) return nextResolve(specifier, context);
      if (specifier.startsWith('.') && specifier.endsWith('.ts'))
        return { url: new URL(specifier, parent).href, format: 'module-typescript', shortCircuit: true };
      if (!specifier.startsWith('@postern/')) return nextResolve(specifier, context);
      let found = packages.get(specifier);
      if (found === undefined) {
        found = { ...nextResolve(specifier, context), shortCircuit: true };
        packages.set(specifier, found);
      }
      return found;
    },
  });
}
