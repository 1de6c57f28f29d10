/** Whether a text may hold values of secrets, so that none of its lines may be quoted as it is. */
export function mayHoldSecrets(text: string): boolean {
  return /PRIVATE KEY|["']?kind["']?\s*:\s*["']?secret|\b(?:data|stringData|secretKey|privateKey|key)["']?\s*:/i.test(
    text,
  );
}

const HARMLESS = 'apiVersion|kind|name|type|spec|labels|host|prefix|service|keys|fingerprints|[A-Za-z]+File';
const OPEN = new RegExp(`^\\s*(?:-\\s+)*["']?(?:${HARMLESS})["']?\\s*:[^{]*$`);
const BORDER = /^\s*-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----\s*$/;
const KEYED = /^(\s*(?:-\s+)*["']?[\w.-]{1,60}["']?\s*:\s)(.*)$/s;

/** A line of such a text as it may be shown: keys, PEM borders and harmless words stay, everything else becomes `*`. */
export function maskLine(line: string): string {
  if (OPEN.test(line) || BORDER.test(line)) return line;
  const [, key = '', value = line] = KEYED.exec(line) ?? [];
  // A character outside the BMP is two UTF-16 units: the length must stay, since a caret is put below.
  return key + value.replace(/[^\s|>]/g, '*');
}
