import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  KeyObject,
  randomBytes,
  verify,
} from 'node:crypto';
import type { Client, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';

/** An exchange of keys by curve25519 as ssh2 makes it. None of it is promised by ssh2. */
interface Exchange {
  readonly type?: string;
  _keys?: KeyPair | null;
  generateKeys?: () => void;
  getPublicKey?: () => Buffer;
  computeSecret?: (theirs: Buffer) => Buffer | Error;
}

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

type Verify = (data: Buffer, signature: Buffer, algorithm?: string) => boolean | Error;

/** The length of every key on these curves. */
const KEY_BYTES = 32;

/** The length of `ssh-ed25519` and of both lengths, which stand before the key in SSH's own form. */
const ED25519_PREFIX_BYTES = 4 + 'ssh-ed25519'.length + 4;

/** What was found once holds for every client of this process. */
let isCurveKnown = false;
let isVerifyKnown = false;

/**
 * Has ssh2 hand the keys of curve25519 to OpenSSL as the bare numbers they are. It wraps them in DER and PEM, and what OpenSSL
 * then does to unwrap them takes longer than to calculate with them: a quarter of a millisecond for each host. Takes a client
 * that has begun to connect; what its exchange turns out to be made of holds for all clients after it. An ssh2 that is made
 * otherwise works as before.
 */
export function quickenExchange(client: Client): void {
  const { _protocol: protocol } = client as unknown as {
    readonly _protocol?: { _kex?: Exchange | undefined };
  };
  if (protocol === undefined || isCurveKnown) return;
  let exchange = protocol._kex;
  Object.defineProperty(protocol, '_kex', {
    configurable: true,
    enumerable: true,
    get: () => exchange,
    set: (value: Exchange | undefined) => {
      exchange = value;
      if (value?.type === '25519') quickenCurve(Object.getPrototypeOf(value));
    },
  });
}

function quickenCurve(kind: Exchange): void {
  if (isCurveKnown) return;
  isCurveKnown = true;
  const { generateKeys, getPublicKey, computeSecret } = kind;
  const isAsKnown = [generateKeys, getPublicKey, computeSecret].every((it) => typeof it === 'function');
  if (!isAsKnown || !Object.hasOwn(kind, 'computeSecret') || !makesRightKeys()) return;
  const numbers = new WeakMap<KeyPair, Buffer>();
  kind.generateKeys = function (this: Exchange) {
    if (this._keys) return;
    const pair = makeKeys(randomBytes(KEY_BYTES));
    numbers.set(pair, numberOf(pair.publicKey));
    this._keys = pair;
  };
  kind.getPublicKey = function (this: Exchange) {
    this.generateKeys?.();
    const known = this._keys ? numbers.get(this._keys) : undefined;
    return known ?? getPublicKey?.call(this) ?? Buffer.alloc(0);
  };
  kind.computeSecret = function (this: Exchange, theirs: Buffer) {
    const privateKey = this._keys?.privateKey;
    // What is no key is refused in ssh2's own words.
    if (!(privateKey instanceof KeyObject) || theirs.length !== KEY_BYTES)
      return computeSecret?.call(this, theirs) ?? new Error('there is no key');
    try {
      return toMpint(diffieHellman({ privateKey, publicKey: publicKeyOf('X25519', theirs) }));
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
}

/**
 * The keys that a random number stands for. Not by generateKeyPairSync, whose keys Node must not be asked for as JWK: it
 * holds their lock meanwhile, and when it tidies its memory just then, what made them waits for that lock, for ever.
 */
function makeKeys(number: Buffer): KeyPair {
  const d = number.toString('base64url');
  // Node wants to be told the public key, too, and calculates it.
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: '' }, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function numberOf(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** RFC 7748, 6.1: Alice's keys. */
const KNOWN_PRIVATE = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
const KNOWN_PUBLIC = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';

/** Whether this Node takes a number for what it is. */
function makesRightKeys(): boolean {
  try {
    return numberOf(makeKeys(Buffer.from(KNOWN_PRIVATE, 'hex')).publicKey).toString('hex') === KNOWN_PUBLIC;
  } catch {
    return false;
  }
}

/** The same for signatures by Ed25519. Takes any key of a host as it was shown: all that ssh2 reads have their methods in common. */
export function quickenVerify(shown: Buffer): void {
  if (isVerifyKnown) return;
  const key = ssh2.utils.parseKey(shown);
  if (key instanceof Error) return;
  isVerifyKnown = true;
  const methods = Object.getPrototypeOf(key) as { verify?: Verify };
  const { verify: slow } = methods;
  if (typeof slow !== 'function') return;
  methods.verify = function (this: ParsedKey, data, signature, algorithm) {
    const bytes = this.type === 'ssh-ed25519' ? this.getPublicSSH() : null;
    // Ed25519 knows no other hash than its own: who names one is answered in ssh2's own words.
    const isUsual = bytes?.length === ED25519_PREFIX_BYTES + KEY_BYTES && !algorithm;
    if (!isUsual) return slow.call(this, data, signature, algorithm);
    try {
      return verify(null, data, publicKeyOf('Ed25519', bytes.subarray(ED25519_PREFIX_BYTES)), signature);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
}

function publicKeyOf(curve: 'X25519' | 'Ed25519', bytes: Buffer): KeyObject {
  return createPublicKey({
    key: { kty: 'OKP', crv: curve, x: bytes.toString('base64url') },
    format: 'jwk',
  });
}

/** A number as SSH writes it: no zeros before it but the one that keeps it from being negative. */
function toMpint(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(start < 0 ? bytes.length : start);
  return (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]);
}
