import { CliFailure } from '../cli-failure.ts';
import { nameOfInput } from '../read-input-file.ts';

/** A PKCS #12 file: its version, 3, after the head of a SEQUENCE. */
const PKCS12 = /^0[\s\S]{1,5}?\x02\x01\x03/;
/** A PKCS #7 file: the OID 1.2.840.113549.1.7.2 (signedData) after the head of a SEQUENCE. */
const PKCS7 = /^0[\s\S]{1,5}?\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02/;

/**
 * The text of a PEM file; `part` is what it is for, like `cert` or `private-key`. Binary input gets its reason, and the
 * command that converts it, here, since it could not be sent as text at all: validation failure.
 */
export function pemTextOf(bytes: Buffer, path: string, part: string): string {
  let text: string | undefined;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    text = undefined;
  }
  if (text !== undefined && !text.includes('\0')) return text;
  const { form, hint } = formOf(bytes, path, part.toLowerCase().endsWith('key'));
  throw new CliFailure('validation_failed', `${nameOfInput(path)} is ${form}, and PEM (text) is needed`, {
    hint,
  });
}

function formOf(bytes: Buffer, path: string, isKey: boolean): { form: string; hint: string | undefined } {
  const head = bytes.subarray(0, 32).toString('latin1');
  if (PKCS12.test(head)) {
    const what = isKey ? '-nocerts -nodes' : '-nokeys';
    return { form: 'PKCS #12 (binary)', hint: `openssl pkcs12 ${what} -in ${path} -out ${path}.pem` };
  }
  if (PKCS7.test(head)) {
    const hint = `openssl pkcs7 -inform DER -print_certs -in ${path} -out ${path}.pem`;
    return { form: 'PKCS #7 (binary)', hint };
  }
  if (head.startsWith('0')) {
    const hint = `openssl ${isKey ? 'pkey' : 'x509'} -inform DER -in ${path} -out ${path}.pem`;
    return { form: 'DER (binary)', hint };
  }
  if (/^(\xff\xfe|\xfe\xff)/.test(head)) {
    return { form: 'UTF-16', hint: `iconv -f UTF-16 -t UTF-8 ${path} > ${path}.pem` };
  }
  return { form: 'binary', hint: undefined };
}
