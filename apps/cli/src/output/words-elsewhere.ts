/** Why a word that other CLIs know is not there, and what to do in place of it. */
interface WordElsewhere {
  /** Goes on behind "there is no flag --x". */
  readonly why?: string;
  readonly hint: string;
}

const REGION: WordElsewhere = {
  why: 'Postern has no regions: routes, secrets and hostnames hold at every edge of an installation',
  hint: 'leave it out; for a place of its own run another installation there, and choose it by --context',
};
const NOT_PROVISIONED: WordElsewhere = {
  why: 'a certificate is got once a route has the hostname, not before',
  hint: 'leave it out; a route with --server-certificate-secret brings a certificate of its own',
};

/** Flags of the CLIs of Kalix and Akka that have no namesake here. */
const FLAGS: Readonly<Record<string, WordElsewhere>> = {
  '--all-regions': REGION,
  '--region': REGION,
  '--force-global': REGION,
  '--force-regional': REGION,
  '--global': REGION,
  '--unset-global': REGION,
  '--global-hostname': REGION,
  '--once-per-region': REGION,
  '--provision-cert': NOT_PROVISIONED,
  '--skip-provision-cert': NOT_PROVISIONED,
  '--owner': {
    why: 'projects have no owner',
    hint: 'leave it out; --project names the project',
  },
  '--disable-prompt': { hint: '--yes answers every question with yes, --no-input never asks' },
  '--page-mode': { why: 'output is never paged', hint: 'leave it out, or pipe the output into less' },
};

const TOKEN_TYPE: WordElsewhere = {
  why: 'there is one type of token, which is used as it is',
  hint: 'leave it out; --expires-in ends a token, --scope says what it may do',
};

/** What is known of a flag that other CLIs have and the command `words` here has not; undefined for any other. */
export function flagElsewhere(flag: string, words: string): WordElsewhere | undefined {
  if (flag === '--type' && words === 'token create') return TOKEN_TYPE;
  return Object.hasOwn(FLAGS, flag) ? FLAGS[flag] : undefined;
}

/** What to do in place of a command that the CLIs of Kalix and Akka have; undefined for any other. */
export function commandElsewhere(noun: string, verb: string | undefined): string | undefined {
  if (noun === 'config') return 'postern context --help shows how APIs are added and chosen';
  if (noun === 'hostname' && verb === 'update')
    return 'a hostname has nothing to change: there are no regions, and its certificate is the matter of its route';
  return undefined;
}

/** The answer to a value that other CLIs take: of the flag `--output`, or of an argument of the command `words`. */
export function valueElsewhere(
  given: string,
  words: string,
): { readonly message: string; readonly hint: string } | undefined {
  if (given.startsWith('--output=go-template')) {
    return {
      message: 'there is no output format go-template',
      hint: `jq has templates too: postern ${words} -o json | jq FILTER`,
    };
  }
  if (given === 'external' && words === 'secret create') {
    return {
      message: 'there are no external secrets: Postern keeps values itself, sealed by its master key',
      hint: "have your vault's own tool print the value: ... | postern secret create generic NAME --from-file KEY=-",
    };
  }
  return undefined;
}
