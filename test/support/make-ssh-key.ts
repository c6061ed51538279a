import ssh2 from 'ssh2';

export interface SshKeyPair {
  /** In OpenSSH's form. */
  readonly private: string;
  readonly public: string;
}

const OPTIONS = { ed25519: {}, ecdsa: { bits: 256 }, rsa: { bits: 2048 } };

/** A new pair by ssh2. Of its Ed25519 keys one in some two hundred is written so that nobody can read it: that is made anew. */
export function makeSshKey(type: keyof typeof OPTIONS = 'ed25519'): SshKeyPair {
  const pair = ssh2.utils.generateKeyPairSync(type as 'rsa', OPTIONS[type] as { bits: number });
  return ssh2.utils.parseKey(pair.private) instanceof Error ? makeSshKey(type) : pair;
}
