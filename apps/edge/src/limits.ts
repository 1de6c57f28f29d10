const KIB = 1024;

/** Every bound of the edge's connection path, per worker where it counts things. Each says its value, unit and why. */
export const EDGE_LIMITS = {
  /** Milliseconds from accept to a whole ClientHello (with a PROXY header before it); slow clients end here. */
  helloMs: 5_000,
  /** Bytes. A ClientHello with its record headers; post-quantum ones have about 1,700. */
  helloBytesMax: 64 * KIB,
  /** Milliseconds from the ClientHello to the end of the handshake. */
  handshakeMs: 10_000,
  /** Milliseconds that a refused connection is read and discarded, so that no reset overtakes its alert. */
  lingerMs: 1_000,
  /** Refused connections that linger at once; more are destroyed at once, without a sure alert. */
  lingeringMax: 1_000,
  /** Accepted sockets at once, about 60 KiB each when idle; more are closed at accept. */
  connectionsMax: 20_000,
  /** Sockets before the end of their handshake at once; a flood of hellos cannot crowd out the connections that serve. */
  handshakesMax: 4_000,
  /** Accepted sockets of one client address (IPv6: /64) at once, about 60 KiB each when idle: it takes ten addresses to fill a worker. */
  connectionsPerAddressMax: 2_000,
  /** The same for sockets before the end of their handshake, each worth up to helloMs + handshakeMs of a client that does nothing. */
  handshakesPerAddressMax: 500,
  /** Handshakes that begin in one turn of the event loop, some 1 ms each: in a storm of them what open connections ask for comes between. */
  handshakesPerTurnMax: 4,
  /** Connections of one client address that are cut off for their frames within floodMemoryMs; then it is turned away until there are fewer. */
  floodsMax: 5,
  /** Milliseconds that such a connection counts. */
  floodMemoryMs: 10_000,
  /** Bytes of TLS without content (KeyUpdate, attempts to renegotiate, records of less than four bytes) of one connection: at once, ... */
  emptyBytesMax: 64 * KIB,
  /** ... and per second after that: 600 KeyUpdates, where one for gigabytes is what clients send. */
  emptyBytesPerSecond: 16 * KIB,
  /** Requests under way at once, 5 to 100 KiB each; more are answered with 503. */
  requestsMax: 20_000,
  /** Milliseconds that the event loop may be late at four looks in a row, a second at least, before requests are answered with 503. */
  lagMs: 500,
  /** Bytes of a worker; from 85 % of it requests are answered with 503, at 95 % connections are closed at accept. Of a supervised worker the settings say it. */
  memoryBytes: 1024 * KIB * KIB,
  /** Seconds after which a client that was answered with 503 may come again. */
  retryAfterSeconds: 5,
  /** Milliseconds between the drain of a connection whose policy has changed or certificate has ended, and its end. */
  revokedGraceMs: 3_000,
  /** Milliseconds between two looks for client certificates that have expired on open connections. */
  expirySweepMs: 1_000,
  /** Connections that the kernel keeps on a listening socket while workers are busy or start again; Linux takes net.core.somaxconn (4,096) where that is less. */
  acceptQueueMax: 4_096,
  /** Milliseconds that a new connection may take to its first request when the edge stops: who has just come in is answered. */
  firstRequestMs: 2_000,
  /** Milliseconds that connections may take to finish when the edge stops. */
  drainMs: 30_000,
  /** Milliseconds that requests whose connections were ended then may take to be logged: a WebSocket gives its service so long to take the last messages and hang up. */
  lastLinesMs: 1_000,
  /** Milliseconds that a supervisor which has a copy of the feed leaves to its workers' first clients before it follows and reports: loading that code takes them. */
  firstClientsMs: 200,
  /** Compiled hosts kept per worker for the handshakes to come, 12 KiB each and 1 ms to make; those of open connections stay besides. */
  servedHostsMax: 1_000,
  /** SecureContexts kept per worker, 43 KiB each and 0.7 ms to make; open connections need none. */
  secureContextsMax: 250,
  /** Trust bundles, and certificates shown to upstreams, kept per worker; a bundle of three CAs takes some 20 KiB. */
  trustBundlesMax: 1_000,
  /** Milliseconds. The longest stretch in which open connections are judged anew before others get their turn. */
  recheckSliceMs: 10,
  /** Paths of clients kept per worker, some 4 KiB each with their certificates: clients come back within their certificate's life. */
  admittedPathsMax: 2_000,
  /** Bytes. Intermediates kept for one admitted client, so that its sessions can resume; common chains take 1 to 4 KiB. */
  keptIntermediatesBytesMax: 16 * KIB,
  /**
   * How often in a worker's life what a client sent above its leaf is read. Node keeps each for ever, some 10 KB for two certificates; once for
   * each issuer is what honest clients need.
   */
  sentChainReadingsMax: 5_000,
  /** The same for clients that OpenSSL refuses, only to say why: strangers choose what they send, 0.4 MB in memory at most. */
  refusedChainReadingsMax: 200,
  /** Refused ones, kept so that a client that tries again and again costs little. */
  refusedPathsMax: 500,
  /** Bytes of the certificates of one of them; longer ones are looked at each time. With what is said of them 10 MiB are the most that all take. */
  refusedPathBytesMax: 8 * KIB,
  /** Bytes. A PROXY v1 line has at most 107 (its specification, section 2.1). */
  proxyV1BytesMax: 107,
  /** Bytes. A PROXY v2 header with its TLVs; load balancers send below 200. */
  proxyV2BytesMax: 4 * KIB,
  /** Closed hosts told to the API (the report's own bound). */
  reportedHostsMax: 1_000,
} as const;
