/** How Secrets are encrypted; RKE2's `secrets-encryption-provider`. */
export const ENCRYPTION_PROVIDERS = ['aescbc', 'secretbox'] as const;

export type EncryptionProvider = (typeof ENCRYPTION_PROVIDERS)[number];

/** A key by its name; the key itself never leaves the servers. */
export interface EncryptionKey {
  /** null: one that this program does not know. */
  readonly provider: EncryptionProvider | null;
  readonly name: string;
}

/** What `rke2 secrets-encrypt status` says on one server. */
export interface EncryptionStatus {
  /** False: new Secrets are stored as they are. */
  readonly enabled: boolean;
  /** start, prepare, rotate, reencrypt_request, reencrypt_active, reencrypt_finished; empty where it has none. */
  readonly stage: string;
  /** With which Secrets are written. */
  readonly active: EncryptionKey | null;
  /** With which they can be read besides. */
  readonly inactive: readonly EncryptionKey[];
  /** Which servers do not have the same keys, in RKE2's words; null: all have. */
  readonly difference: string | null;
}

/** How the Secrets in etcd are stored. */
export interface StoredSecrets {
  /** With the key that was asked for. */
  readonly withKey: number;
  /** With another key, or in the clear. */
  readonly otherwise: number;
}

/** Steps of a rotation in RKE2's words: three that all servers learn one after another, or all of it on one server. */
export type EncryptionStage = 'prepare' | 'rotate' | 'reencrypt' | 'rotate-keys';

/** What each stage of a rotation of the encryption keys does. */
export const STAGE_TEXTS: Readonly<Record<EncryptionStage, string>> = {
  prepare: 'make a new encryption key, for reading',
  rotate: 'encrypt new Secrets with the new key',
  reencrypt: 'encrypt every Secret anew, and give up the old key',
  'rotate-keys': 'make a new encryption key, encrypt every Secret anew, and give up the old key',
};
