import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Secret } from '../domain/secret.ts';
import { passphraseUnreadable, passphraseWrong } from './state-errors.ts';

/** Work factor of scrypt: memory is 128 × n × r bytes. */
export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB and about half a second, as OWASP asks for passphrases; paid once per run. */
const DEFAULT_COST: ScryptCost = { n: 2 ** 17, r: 8, p: 1 };
/** A file that asks for more memory than this is not one of ours; it would only take the machine down. */
const MAX_MEMORY = 2 ** 30;

/** Secrets under a passphrase: scrypt for the key, AES-256-GCM for the text. Bytes are base64. */
interface SealedText {
  readonly kdf: 'scrypt';
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly cipher: 'aes-256-gcm';
  readonly nonce: string;
  readonly ciphertext: string;
  readonly tag: string;
}

/**
 * Seals and opens under one passphrase. `context` is bound to the text (the cluster's id): a sealed part moved into
 * another cluster's file does not open. `open` rejects with StateError when the passphrase or the text is not the one
 * that was sealed. Keys are derived once per salt, so that writing often costs no more than the cipher.
 */
export interface Sealer {
  seal(text: string, context: string): Promise<SealedText>;
  open(sealed: SealedText, context: string, file: string): Promise<string>;
}

/** A sealer for a passphrase; `cost` is for tests, which cannot wait half a second each time. */
export function createSealer(passphrase: Secret, cost: ScryptCost = DEFAULT_COST): Sealer {
  const keys = new Map<string, Promise<Buffer>>();
  const keyFor = (salt: string, factor: ScryptCost): Promise<Buffer> => {
    const id = `${salt} ${factor.n} ${factor.r} ${factor.p}`;
    const known = keys.get(id) ?? deriveKey(passphrase, Buffer.from(salt, 'base64'), factor);
    keys.set(id, known);
    return known;
  };
  const ownSalt = randomBytes(16).toString('base64');
  return {
    async seal(text, context) {
      const { n, r, p } = cost;
      const key = await keyFor(ownSalt, cost);
      return { kdf: 'scrypt', n, r, p, salt: ownSalt, cipher: 'aes-256-gcm', ...encrypt(key, text, context) };
    },
    async open(sealed, context, file) {
      if (128 * sealed.n * sealed.r * sealed.p > MAX_MEMORY) throw passphraseWrong(file);
      try {
        return decrypt(await keyFor(sealed.salt, sealed), sealed, context);
      } catch {
        throw passphraseWrong(file);
      }
    },
  };
}

/**
 * The passphrase from RKE2CTL_STATE_PASSPHRASE, else from the file that RKE2CTL_STATE_PASSPHRASE_FILE names (its last
 * line break does not count); null when neither is set. StateError when the file cannot be read or is empty.
 */
export async function readPassphrase(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Secret | null> {
  const direct = env['RKE2CTL_STATE_PASSPHRASE'];
  if (direct !== undefined && direct !== '') return new Secret(direct);
  const file = env['RKE2CTL_STATE_PASSPHRASE_FILE'];
  if (file === undefined || file === '') return null;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw passphraseUnreadable(file, error);
  });
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase === '') throw passphraseUnreadable(file);
  return new Secret(passphrase);
}

function deriveKey(passphrase: Secret, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  const { n, r, p } = cost;
  // One text can have several spellings in Unicode; keyboards differ in which they send.
  const text = passphrase.reveal().normalize('NFC');
  return new Promise((resolve, reject) => {
    scrypt(text, salt, 32, { N: n, r, p, maxmem: 2 * MAX_MEMORY }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function encrypt(
  key: Buffer,
  text: string,
  context: string,
): Pick<SealedText, 'nonce' | 'ciphertext' | 'tag'> {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return {
    nonce: nonce.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

function decrypt(key: Buffer, sealed: SealedText, context: string): string {
  // Without a fixed length a shortened tag would be taken, which is easier to forge.
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'base64'), {
    authTagLength: 16,
  });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
  return `${decipher.update(sealed.ciphertext, 'base64', 'utf8')}${decipher.final('utf8')}`;
}
