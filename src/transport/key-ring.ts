import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import { AuthError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { quoteWord } from '../lib/shell-quote.ts';
import { fingerprintKey } from './known-hosts.ts';
import { readPublicPart } from './private-key-format.ts';

/** Asks the person for the passphrase of a key; null when there is nobody to ask. `attempt` counts from 1. */
export type AskPassphrase = (keyPath: string, attempt: number) => Promise<Secret | null>;

/** A key that can be offered to an sshd. Signing may ask for a passphrase, which happens only once the host wants the key. */
export interface Identity {
  /** For messages: the path, or the agent's comment, with the fingerprint. */
  readonly label: string;
  /** An agent asks for no passphrase, so its key is preferred to the same one in a file. */
  readonly fromAgent: boolean;
  /** True when signing asks for a passphrase first. */
  readonly isLocked: boolean;
  /** The file it was read from; null for an inline key and an agent's. */
  readonly path: string | null;
  readonly publicKey: ParsedKey;
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

/** A key that cannot be offered, and why. `missing` is apart because absent default keys are no fault. */
export interface KeyProblem {
  readonly missing: boolean;
  readonly error: AuthError;
}

/** The operator's private keys. Each is read once and its passphrase asked for once in a run. */
export interface KeyRing {
  file(path: string): Promise<Identity | KeyProblem>;
  inline(key: Secret): Promise<Identity | KeyProblem>;
}

const PASSPHRASE_ATTEMPTS = 3;

/** `askPassphrase` absent means that encrypted keys cannot be used unless an agent holds them. */
export function createKeyRing(askPassphrase: AskPassphrase | undefined): KeyRing {
  const files = new Map<string, Promise<Identity | KeyProblem>>();
  const inlineKeys = new Map<string, Promise<Identity | KeyProblem>>();
  return {
    file: (path) => remember(files, path, () => readKeyFile(path, askPassphrase)),
    inline: (key) =>
      remember(inlineKeys, key.reveal(), () =>
        loadKey(
          { text: key.reveal(), name: 'ssh_key (inline)', path: null, publicText: null },
          askPassphrase,
        ),
      ),
  };
}

/** Whether something the ring gave out can be offered. */
export function isIdentity(entry: Identity | KeyProblem): entry is Identity {
  return 'publicKey' in entry;
}

function remember<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

interface KeyText {
  readonly text: string;
  readonly name: string;
  readonly path: string | null;
  /** The `.pub` file beside it. */
  readonly publicText: string | null;
}

async function readKeyFile(path: string, ask: AskPassphrase | undefined): Promise<Identity | KeyProblem> {
  try {
    const text = await readFile(path, 'utf8');
    const publicText = await readFile(`${path}.pub`, 'utf8').catch(() => null);
    return await loadKey({ text, name: path, path, publicText }, ask);
  } catch (error) {
    return unreadable(path, error);
  }
}

async function loadKey(key: KeyText, ask: AskPassphrase | undefined): Promise<Identity | KeyProblem> {
  if (isCutOff(key)) return cutOff(key);
  if (/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(key.text)) return pkcs8(key);
  const parsed = parse(key.text);
  if (!(parsed instanceof Error)) {
    return parsed.isPrivateKey() ? identityOf(key, parsed, false, async () => parsed) : publicOnly(key);
  }
  if (!/no passphrase given/.test(parsed.message)) return unsupported(key, parsed);
  const unlock = once(() => unlockKey(key, ask));
  const publicPart = readPublicPart(key.text) ?? key.publicText;
  const publicKey = publicPart === null ? new Error('not told') : parse(publicPart);
  if (!(publicKey instanceof Error)) return identityOf(key, publicKey, true, unlock);
  // An old PEM key hides its public half too, so the passphrase is needed before it can be offered.
  try {
    return identityOf(key, await unlock(), true, unlock);
  } catch (error) {
    if (error instanceof AuthError) return { missing: false, error };
    throw error;
  }
}

function identityOf(
  key: KeyText,
  publicKey: ParsedKey,
  isLocked: boolean,
  unlock: () => Promise<ParsedKey>,
): Identity {
  return {
    label: `${key.name} (${fingerprintKey(publicKey.getPublicSSH())})`,
    fromAgent: false,
    isLocked,
    path: key.path,
    publicKey,
    sign: async (data, hash) => {
      const unlocked = await unlock();
      if (unlocked.type === 'ssh-ed25519') return sign(null, data, readOnce(unlocked));
      const signature: Buffer | Error = unlocked.sign(data, hash);
      if (signature instanceof Error) throw signature;
      return signature;
    },
  };
}

const read = new WeakMap<ParsedKey, KeyObject>();

/** ssh2 has OpenSSL read the key's PEM for every signature, which takes longer than to sign with it. */
function readOnce(key: ParsedKey): KeyObject {
  const known = read.get(key) ?? createPrivateKey(key.getPrivatePEM());
  read.set(key, known);
  return known;
}

async function unlockKey(key: KeyText, ask: AskPassphrase | undefined): Promise<ParsedKey> {
  let last: string | null = null;
  for (let attempt = 1; attempt <= PASSPHRASE_ATTEMPTS; attempt += 1) {
    const passphrase = (await ask?.(key.path ?? key.name, attempt)) ?? null;
    if (passphrase === null && last === null) throw passphraseMissing(key);
    // A file or a script gives the same answer again; then asking on is of no use.
    if (passphrase === null || passphrase.reveal() === last) break;
    last = passphrase.reveal();
    const parsed = parse(key.text, last);
    if (!(parsed instanceof Error)) return parsed;
  }
  throw new AuthError({
    code: 'ssh-key-passphrase-wrong',
    message: `The passphrase does not open ${key.name}.`,
    hint: 'Run the command again with the right one, or load the key into your agent with `ssh-add`.',
  });
}

/** A failure is forgotten, so that another host's turn asks again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error) => {
      made = null;
      throw error;
    });
    return made;
  };
}

function parse(text: string | Buffer, passphrase?: string): ParsedKey | Error {
  return ssh2.utils.parseKey(text, passphrase);
}

function problem(code: string, message: string, hint: string, cause?: unknown): KeyProblem {
  return { missing: false, error: new AuthError({ code, message, hint, cause }) };
}

function unreadable(path: string, error: unknown): KeyProblem {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  const words = error instanceof Error ? error.message : String(error);
  return {
    missing,
    error: new AuthError({
      code: missing ? 'ssh-key-missing' : 'ssh-key-unreadable',
      message: missing ? `There is no key file ${path}.` : `The key file ${path} cannot be read: ${words}.`,
      hint: missing
        ? 'Name the right file as `ssh_key_path`, or use your agent with `ssh_agent_auth: true`.'
        : 'Make it a file that you can read (`chmod 600`, and its owner you).',
      cause: error,
    }),
  };
}

function pkcs8(key: KeyText): KeyProblem {
  const file = quoteWord(key.path ?? 'KEYFILE');
  return problem(
    'ssh-key-pkcs8',
    `${key.name} is in PKCS#8 form ("BEGIN PRIVATE KEY"), which SSH keys here cannot be in.`,
    `Rewrite it with \`ssh-keygen -p -f ${file}\` (it may keep its passphrase). If ssh-keygen says "invalid format", ` +
      'it is an Ed25519 key made by OpenSSL: make a new one with `ssh-keygen -t ed25519`.',
  );
}

function publicOnly(key: KeyText): KeyProblem {
  return problem(
    'ssh-key-public',
    `${key.name} holds a public key; logging in takes the private one.`,
    'Name the file without `.pub`.',
  );
}

/** What has a first line of a key and not its last; how the parser stumbles over the rest says nothing. */
function isCutOff({ text }: KeyText): boolean {
  return text.includes('-----BEGIN ') && !text.includes('-----END ');
}

function cutOff({ name }: KeyText): KeyProblem {
  return problem(
    'ssh-key-cut-off',
    `${name} begins as a key does, and breaks off before its end: its last line is missing.`,
    'Copy it anew from where it came, whole, with the line that begins with `-----END`.',
  );
}

function unsupported(key: KeyText, error: Error): KeyProblem {
  return problem(
    'ssh-key-unsupported',
    `${key.name} cannot be used as an SSH key: ${error.message}.`,
    'Make a key with `ssh-keygen -t ed25519`; for a hardware key or a form that only OpenSSH knows set `ssh.client: openssh`.',
    error,
  );
}

function passphraseMissing(key: KeyText): AuthError {
  return new AuthError({
    code: 'ssh-key-passphrase-missing',
    message: `${key.name} is encrypted and there was nobody to ask for its passphrase.`,
    hint:
      'Run the command at a terminal, name a file that holds the passphrase in RKE2CTL_KEY_PASSPHRASE_FILE, ' +
      'or load the key into your agent with `ssh-add`.',
  });
}
