/** Alerts that the edge writes itself, before the ServerHello (RFC 8446 section 6.2). */
export const ALERTS = {
  decode_error: 50,
  unrecognized_name: 112,
  no_application_protocol: 120,
} as const;
export type AlertName = keyof typeof ALERTS;

/** A fatal alert as a plaintext record; before the ServerHello every client reads it, whatever version it offers. */
export function plaintextAlert(name: AlertName): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, ALERTS[name]]);
}
