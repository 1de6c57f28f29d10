const KIB = 1024;
const MIB = 1024 * KIB;

/** Every bound that more than one package must agree on. Each says its value, its unit and why it is there. */
export const LIMITS = {
  /** Characters. A DNS label (RFC 1035 section 2.3.4), so that a name can become part of a host. */
  resourceNameCharsMax: 63,
  /** Characters. A DNS name in text form (RFC 1035 section 2.3.4). */
  hostCharsMax: 253,
  /** Characters. What is looked at before a host is turned into A-labels, which may be shorter than U-labels. */
  hostInputCharsMax: 1024,
  /** Bytes. Largest secret in one call; 64 KiB holds a bundle of about 40 CAs. */
  secretBytesMax: 256 * KIB,
  /** Bytes. A revocation list in PEM that is sent, which holds some 15,000 entries and fits the body of a call. */
  crlBytesMax: 768 * KIB,
  /** Bytes. A revocation list as it is fetched, in DER or PEM: some 100,000 entries, which a worker that serves reads in some 30 ms. */
  crlFetchedBytesMax: 4 * MIB,
  /** Seconds between two fetches of a revocation list: CAs sign new ones by the hour or the day. */
  crlRefreshSecondsMin: 60,
  /** Seconds. A week: lists that live for longer may still be replaced before they end. */
  crlRefreshSecondsMax: 7 * 86_400,
  crlRefreshSecondsDefault: 3600,
  /** Bytes. Subject names of all anchors of one bundle: over 64 KiB every handshake of the host breaks. */
  anchorNamesBytesMax: 48 * KIB,
  /** Anchors in one trust bundle; parsing more would stall the loop of an edge. */
  anchorsMax: 500,
  /** Certificates in one server chain; OpenSSL clients stop at depth 100, public chains have 2 to 4. */
  chainCertificatesMax: 10,
  /** Bytes. Body of one API request; a secret in base64 and JSON dress fits. */
  apiBodyBytesMax: MIB,
  /** Bytes. A descriptor file; the largest sensible route has 500 rules of some 200 bytes. */
  descriptorBytesMax: 256 * KIB,
  /** Bytes. A file of documents; an export of 10,000 routes has some 2 MiB, and reading takes about 250 times its size in memory. */
  documentFileBytesMax: 4 * MIB,
  /** Nesting of a YAML or JSON document; a descriptor needs 7. */
  documentDepthMax: 64,
  /** Characters. A key of a JSON document; the longest that means something is a user name of 256. */
  documentKeyCharsMax: 1024,
  /** Findings told of one document; nobody reads more, and a body full of unknown keys would become a huge answer. */
  findingsMax: 100,
  rulesMax: 500,
  /** Characters. A path prefix; longer ones do not fit the head limit together with the rest. */
  prefixCharsMax: 2048,
  matchersMax: 100,
  /** CAs that the rules of one route name together: each may have to look for a path of its own. */
  ruleCasMax: 8,
  /** Characters. Pattern of a matcher; with the linear engine the cost of a match grows with this times the input. */
  patternCharsMax: 1024,
  /** Characters. A certificate name longer than this matches nothing (a DNS name has at most 253). */
  matchedNameCharsMax: 256,
  /** Users of one basic-auth route. */
  basicUsersMax: 100,
  corsOriginsMax: 100,
  corsMethodsMax: 20,
  targetsMax: 64,
  labelsMax: 64,
  /** Characters. A label selector; with 32 conditions of a key and a value of 63 each there is room to spare. */
  labelSelectorCharsMax: 4096,
  labelRequirementsMax: 32,
  /** Resources in one page of a list; 1,000 routes are some MiB of JSON and 50 ms of work. */
  listLimitMax: 1000,
  /** Resources in one page of a list where the caller names no limit. */
  listLimitDefault: 100,
  /** Resources that one watch may follow: each look at them costs as much as a page of a list. */
  watchedMax: 1000,
  /** Places told of a conflict; nobody reads more. */
  fieldChangesMax: 100,
  /** Former versions of one resource that are kept, so that a conflict can say what changed. */
  versionsKept: 10,
  /** Revocations of one project, each some 300 bytes of one document of the feed; more belong on a CRL. */
  revocationsMax: 5000,
  /** Characters. The name of an issuer in a revocation; with as many of these as there may be the document fits the feed. */
  revocationNameCharsMax: 400,
  /** Tokens that are not revoked; each edge and each pipeline has one, and a list of them is one answer. */
  tokensMax: 1000,
  /** Seconds. The shortest life of a token that is useful to a caller. */
  tokenLifeSecondsMin: 60,
  /** Seconds. Ten years: what lives longer is better made without an end. */
  tokenLifeSecondsMax: 10 * 365 * 86_400,
  /** Milliseconds. Refusals older than that are deleted: 30 days. */
  refusalKeptMs: 30 * 86_400_000,
  /** Recorded refusals; the oldest go first. Some 700 bytes each in the database. */
  refusalsMax: 1_000_000,
  /** Clients of the inventory; those unseen for longest go first. */
  clientsMax: 100_000,
  /** Hosts (with their CA) remembered of one client. */
  clientHostsMax: 100,
  /** Presented chains kept that no CA vouched for: strangers could fill a disk with them. */
  strangerChainsMax: 10_000,
  /** Bytes. A presented chain, in DER; larger ones are not kept. */
  presentedChainBytesMax: 16 * KIB,
  presentedCertificatesMax: 10,
  /** Characters of a subject, an issuer or a detail in the ledger. */
  ledgerTextCharsMax: 512,
  /** Refusals, and sightings, in one report of an edge; an edge keeps the report itself below apiBodyBytesMax. */
  reportedRefusalsMax: 200,
  reportedSightingsMax: 200,
  /** Hosts that one write recompiles in its own transaction; more become a job, so that no write stalls the API. */
  inlineRecompiledHostsMax: 200,
  /** Milliseconds. The longest slice of a job that recompiles hosts. */
  recompileSliceMs: 10,
} as const;
