import { type Shape, VALUE } from './carry-known.ts';

const REFERENCE: Shape = { is: 'object', keys: { name: VALUE } };

/** A route descriptor of Kalix and Akka (their route descriptor reference): what Postern has under the same names. */
export const KALIX_ROUTE: Shape = {
  is: 'object',
  keys: {
    host: VALUE,
    tls: { is: 'object', keys: { clientValidationCa: REFERENCE, serverCertificate: REFERENCE } },
    validation: {
      is: 'object',
      keys: {
        clientCertificate: {
          is: 'object',
          keys: {
            subjectMatches: {
              is: 'list',
              of: { is: 'object', keys: { exact: VALUE, hasPrefix: VALUE, hasSuffix: VALUE, regex: VALUE } },
            },
          },
        },
        httpBasic: {
          is: 'object',
          keys: { realm: VALUE, passwordHashes: { is: 'map', of: VALUE } },
        },
      },
    },
    corsPolicy: {
      is: 'object',
      keys: { allowOrigins: { is: 'list', of: VALUE }, allowMethods: { is: 'list', of: VALUE } },
      harmless: {
        allowCredentials: 'Postern never lets browsers send credentials to other origins',
        exposeHeaders: 'browsers of other origins see the plain response fields only',
        maxAge: 'browsers ask again after their own time',
      },
    },
    routes: {
      is: 'list',
      of: {
        is: 'object',
        keys: {
          name: VALUE,
          prefix: VALUE,
          route: { is: 'object', keys: { service: VALUE } },
          enableWebsockets: VALUE,
        },
      },
    },
  },
};

const RUNS = 'Postern runs no containers: the service goes on elsewhere';

/** A service descriptor: all of it is about the container, nothing about an address. */
export const KALIX_SERVICE: Shape = {
  is: 'object',
  keys: {},
  harmless: {
    image: RUNS,
    env: RUNS,
    resources: RUNS,
    volumeMounts: RUNS,
    telemetry: RUNS,
    replication: RUNS,
  },
};
