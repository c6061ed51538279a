import type { BaseAgent, IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from 'ssh2';
import ssh2 from 'ssh2';
import type { Identity } from '../key-ring.ts';

/** Told when a signature is being made, since that may wait for a person. */
export interface SigningWatch {
  began(): void;
  ended(error: Error | null): void;
}

/**
 * Shows identities of every origin to ssh2 as one agent. In this way a host is asked whether it wants a key before the
 * key's passphrase is, and the order is ours.
 */
export class IdentityAgent extends ssh2.BaseAgent<ParsedKey> implements BaseAgent<ParsedKey> {
  readonly #identities: readonly Identity[];
  readonly #watch: SigningWatch;

  constructor(identities: readonly Identity[], watch: SigningWatch) {
    super();
    this.#identities = identities;
    this.#watch = watch;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(
      undefined,
      this.#identities.map((identity) => identity.publicKey),
    );
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    optionsOrCallback: SigningRequestOptions | SignCallback,
    maybeCallback?: SignCallback,
  ): void {
    const callback = typeof optionsOrCallback === 'function' ? optionsOrCallback : maybeCallback;
    const hash = typeof optionsOrCallback === 'function' ? undefined : optionsOrCallback.hash;
    const identity = this.#identities.find((it) => it.publicKey.getPublicSSH().equals(key.getPublicSSH()));
    this.#watch.began();
    const signed = identity?.sign(data, hash) ?? Promise.reject(new Error('the key is not ours'));
    signed.then(
      (signature) => {
        this.#watch.ended(null);
        callback?.(undefined, signature);
      },
      (error: Error) => {
        this.#watch.ended(error);
        callback?.(error);
      },
    );
  }
}
