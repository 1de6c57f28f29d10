/** How services learn who an admitted client is; docs/identity.md defines each form. */
export const CLIENT_IDENTITY_HEADERS = ['client-cert', 'xfcc', 'x-client', 'none'] as const;
export type ClientIdentityHeaders = (typeof CLIENT_IDENTITY_HEADERS)[number];
export const CLIENT_IDENTITY_HEADERS_DEFAULT: ClientIdentityHeaders = 'client-cert';
