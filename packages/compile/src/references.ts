import { type Finding, nearest, type SecretRow } from '@postern/contracts';

/** What `secret create` needs for the types that are referred to. */
const FLAGS = { 'tls-ca': '--cert FILE', tls: '--cert FILE --key FILE' } as const;

/** Says what is wrong with a reference to a secret of a type, or undefined when it can be used. */
export function problemOfSecret(
  name: string,
  type: keyof typeof FLAGS,
  secrets: ReadonlyMap<string, SecretRow>,
  pointer: string,
): Finding | undefined {
  const row = secrets.get(name);
  if (row?.type === type) return undefined;
  if (row !== undefined) {
    return {
      severity: 'error',
      code: 'reference_type',
      message: `secret "${name}" is of type ${row.type}: a ${type} is needed here`,
      pointer,
    };
  }
  const known = [...secrets].filter(([, secret]) => secret.type === type).map(([own]) => own);
  const near = nearest(name, known);
  return {
    severity: 'error',
    code: 'reference_missing',
    message: `there is no secret "${name}"`,
    pointer,
    hint:
      near === undefined
        ? `create it: postern secret create ${type} ${name} ${FLAGS[type]}`
        : `did you mean "${near}"?`,
  };
}
