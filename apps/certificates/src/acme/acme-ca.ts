import type { Client } from 'acme-client';
import type { RenewalInfo } from '../issuer.ts';
import { type AccountOptions, type ExternalAccount, forgetAccount, openAccount } from './account.ts';
import type { AcmeCalls, CallResult } from './acme-calls.ts';
import { AcmeProblem } from './acme-problem.ts';
import { type Directory, readDirectory } from './directory.ts';
import { fetchRenewalInfo } from './renewal-info.ts';
import { AcmeTransport } from './transport.ts';

export interface AcmeCaOptions {
  readonly directoryUrl: string;
  /** PEM that alone is trusted for the CA's own TLS; null: the public roots. */
  readonly caBundlePem: string | null;
  readonly email: string | null;
  readonly externalAccount: ExternalAccount | null;
  readonly userAgent: string;
  readonly store: AccountOptions['store'];
  readonly masterKey: Buffer;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One CA: its directory, our account there, and what is asked of it. Nothing is asked before it is needed. */
export class AcmeCa {
  readonly url: string;
  /** For people: the host of its directory. */
  readonly host: string;
  readonly #options: AcmeCaOptions;
  readonly #transport: AcmeTransport;
  #account: Promise<AcmeCalls> | undefined;
  /** Of the account as it was opened. */
  #sealedKey: string | undefined;

  constructor(options: AcmeCaOptions) {
    this.url = options.directoryUrl;
    this.host = new URL(options.directoryUrl).hostname;
    this.#options = options;
    this.#transport = new AcmeTransport(options);
  }

  /** Read again once an hour. Fails with AcmeUnreachable or AcmeProblem. */
  directory(): Promise<Directory> {
    return readDirectory(this.#transport, this.url);
  }

  /**
   * Asks in the name of our account, which is made where the CA does not know it (any more), and read again where another
   * process has changed its key. Fails with AcmeUnreachable or AcmeProblem.
   */
  async call<T>(ask: (client: Client) => Promise<T>): Promise<CallResult<T>> {
    try {
      return await (await this.#openAccount()).run(ask);
    } catch (error) {
      if (!(error instanceof AcmeProblem)) throw error;
      if (error.type === 'accountDoesNotExist') await forgetAccount(await this.#accountOptions());
      else if (!(await this.#isOutdated())) throw error;
      this.#account = undefined;
      return await (await this.#openAccount()).run(ask);
    }
  }

  /** Null where the CA has no renewal information. */
  async renewalInfo(certId: string): Promise<RenewalInfo | null> {
    const { renewalInfoUrl } = await this.directory();
    if (renewalInfoUrl === null) return null;
    return await fetchRenewalInfo(this.#transport, renewalInfoUrl, certId, this.#options.now());
  }

  close(): void {
    this.#transport.close();
  }

  async #isOutdated(): Promise<boolean> {
    const record = await this.#options.store.getAcmeAccount(this.url);
    return record !== null && this.#sealedKey !== undefined && record.sealedKey !== this.#sealedKey;
  }

  #openAccount(): Promise<AcmeCalls> {
    this.#account ??= this.#accountOptions()
      .then(openAccount)
      .then(async (calls) => {
        this.#sealedKey = (await this.#options.store.getAcmeAccount(this.url))?.sealedKey;
        return calls;
      })
      .catch((error: unknown) => {
        this.#account = undefined;
        throw error;
      });
    return this.#account;
  }

  async #accountOptions(): Promise<AccountOptions> {
    const { needsExternalAccount } = await this.directory();
    const { externalAccount } = this.#options;
    if (needsExternalAccount && externalAccount === null) {
      const detail = `${this.host} demands an external account: set POSTERN_ACME_EAB_KEY_ID and POSTERN_ACME_EAB_HMAC_KEY`;
      throw new AcmeProblem({ type: 'externalAccountRequired', detail, status: 403, retryAt: null });
    }
    return {
      ...this.#options,
      transport: this.#transport,
      externalAccount: needsExternalAccount ? externalAccount : null,
    };
  }
}
