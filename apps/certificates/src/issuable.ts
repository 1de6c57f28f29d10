import { isPublicName } from './registered-domain.ts';

/** Suffixes below which no CA issues, not even a private one: they mean the own machine, or nothing. */
const NOWHERE = ['localhost', 'local', 'invalid', 'onion'];

/**
 * Says which names ACME CAs are asked for; all others stay with the local CA. CAs of the web issue for names below a
 * public suffix. With a CA bundle of the operator's own, the CA is taken for a private one that may issue for inner names
 * too, like `*.internal` and `*.test`: all with a dot, but for those that mean the own machine.
 */
export function issuableNames(options: { readonly isPrivateCa: boolean }): (name: string) => boolean {
  return (name) => {
    if (!options.isPrivateCa) return isPublicName(name);
    const labels = name.replace(/^\*\./, '').split('.');
    return labels.length > 1 && !NOWHERE.includes(labels.at(-1) ?? '');
  };
}
