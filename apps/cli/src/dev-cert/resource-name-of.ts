/** The nearest name that a resource may have (a DNS label); `dev` where nothing of the text is left. */
export function resourceNameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'dev' : name;
}
