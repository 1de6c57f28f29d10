import { registerHooks } from 'node:module';

/**
 * Makes the checkout's own files load in four fifths of the time: where one imports another by its path, Node would look for each on disk and
 * read its package.json, only to learn that it is there and TypeScript. To be called before they are imported; what is published is JavaScript
 * and loads as ever.
 */
export function quickenImports(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const parent = context.parentURL;
      if (parent?.endsWith('.ts') !== true || !specifier.startsWith('.') || !specifier.endsWith('.ts'))
        return nextResolve(specifier, context);
      return { url: new URL(specifier, parent).href, format: 'module-typescript', shortCircuit: true };
    },
  });
}
