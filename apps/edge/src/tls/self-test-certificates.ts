/**
 * Certificates of the start-up self-test alone. Nothing trusts them: the key of their CA was thrown away, the key of the
 * leaf is public by standing here. P-256, valid from 2020 to 2120.
 */

/** DER in base64 of a CA. */
export const SELF_TEST_CA = [
  'MIIBajCCARGgAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFwb3N0ZXJuIHNlbGYtdGVzdDAgFw0yMDAxMDEwMDAw',
  'MDBaGA8yMTIwMDEwMTAwMDAwMFowHDEaMBgGA1UEAwwRcG9zdGVybiBzZWxmLXRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMB',
  'BwNCAATpt7DfXjV0Ak0gVaMBDqc0ncVBMvSaTDsyTp+Bh26bILgzsW6CxXWYCrTFMd6cGqepeOPRv/JWGPs9MhROGnUTo0Iw',
  'QDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUCMlCZwQPxtv8zZzpkNqnW/K9g9gwCgYIKoZI',
  'zj0EAwIDRwAwRAIgU6lF4iaKbwg18+GMWiFPIUccIcTaOv5MObzasVWhRAYCIEoINRKG18fqAvp5oAxjO5ki4op9a5/YKMaf',
  'iNnuEu69',
].join('');

/** DER in base64 of a leaf of that CA, for self-test.invalid. */
export const SELF_TEST_LEAF = [
  'MIIBqDCCAU2gAwIBAgIBAjAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFwb3N0ZXJuIHNlbGYtdGVzdDAgFw0yMDAxMDEwMDAw',
  'MDBaGA8yMTIwMDEwMTAwMDAwMFowHDEaMBgGA1UEAwwRc2VsZi10ZXN0LmludmFsaWQwWTATBgcqhkjOPQIBBggqhkjOPQMB',
  'BwNCAARh/0mYn3y/7EPAf7PDbARSqX511r9Kzti0iaqDBqycXQznCpcApVkCRCAfC+aGFYnNoOftwAOO+UG8dWDdJOdKo34w',
  'fDAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAcBgNVHREEFTATghFzZWxmLXRlc3QuaW52YWxpZDAdBgNVHQ4EFgQU',
  'RKIom1Ih2cLTsSEExMrxZsC5i3gwHwYDVR0jBBgwFoAUCMlCZwQPxtv8zZzpkNqnW/K9g9gwCgYIKoZIzj0EAwIDSQAwRgIh',
  'AK1N1VE4Ue4V8bQBcELdrb5rJeCqIXzXaddh4ZIzrs5LAiEAmUY5aOF7lT+RNQQWGNONam9+gYWvcr3Zs9t/DuQLtHQ=',
].join('');

/** DER in base64 of a certificate for the same key and name, signed by itself. */
export const SELF_TEST_STRANGER = [
  'MIIBhjCCASygAwIBAgIBAzAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFzZWxmLXRlc3QuaW52YWxpZDAgFw0yMDAxMDEwMDAw',
  'MDBaGA8yMTIwMDEwMTAwMDAwMFowHDEaMBgGA1UEAwwRc2VsZi10ZXN0LmludmFsaWQwWTATBgcqhkjOPQIBBggqhkjOPQMB',
  'BwNCAARh/0mYn3y/7EPAf7PDbARSqX511r9Kzti0iaqDBqycXQznCpcApVkCRCAfC+aGFYnNoOftwAOO+UG8dWDdJOdKo10w',
  'WzAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDAcBgNVHREEFTATghFzZWxmLXRlc3QuaW52YWxpZDAdBgNVHQ4EFgQU',
  'RKIom1Ih2cLTsSEExMrxZsC5i3gwCgYIKoZIzj0EAwIDSAAwRQIhAOZ+NyW7pMu6zJ49IYCT6IUM/G86I9syu42jAVTlwkjA',
  'AiA21LvVZB7TXmB8OjtlJ/F+BEm+wEAtRn6wgJlSoEO6tw==',
].join('');

/** The key of both (PKCS #8, DER in base64). */
export const SELF_TEST_KEY = [
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgF3kfoZvwr1nIAd56KPndvwT73U+Hc/H4PiHuPWaEsnGhRANC',
  'AARh/0mYn3y/7EPAf7PDbARSqX511r9Kzti0iaqDBqycXQznCpcApVkCRCAfC+aGFYnNoOftwAOO+UG8dWDdJOdK',
].join('');
