import { createPublicKey, diffieHellman, KeyObject, verify } from 'node:crypto';
import type { Client, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';

/** An exchange of keys by curve25519 as ssh2 makes it. None of it is promised by ssh2. */
interface Exchange {
  readonly type?: string;
  readonly _keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | null;
  generateKeys?: () => void;
  getPublicKey?: () => Buffer;
  computeSecret?: (theirs: Buffer) => Buffer | Error;
}

type Verify = (data: Buffer, signature: Buffer, algorithm?: string) => boolean | Error;

/** The length of every key on these curves. */
const KEY_BYTES = 32;

/** The length of `ssh-ed25519` and of both lengths, which stand before the key in SSH's own form. */
const ED25519_PREFIX_BYTES = 4 + 'ssh-ed25519'.length + 4;

const quickened = new WeakSet<object>();

/**
 * Has ssh2 hand the keys of curve25519 and Ed25519 to OpenSSL as the bare numbers they are. It wraps them in DER and PEM,
 * and what OpenSSL then does to unwrap them takes longer than to calculate with them: a quarter of a millisecond for each
 * host. Takes a client that is to judge the key that a host has shown; what it finds there holds for all clients after it.
 * An ssh2 that is made otherwise works as before.
 */
export function quickenExchange(client: Client, shown: Buffer): void {
  const { _protocol: protocol } = client as unknown as { readonly _protocol?: { readonly _kex?: Exchange } };
  const exchange = protocol?._kex;
  if (exchange?.type !== '25519') return;
  const kind = Object.getPrototypeOf(exchange) as Exchange;
  if (quickened.has(kind)) return;
  quickened.add(kind);
  quickenCurve(kind);
  quickenVerify(shown);
}

function quickenCurve(kind: Exchange): void {
  const { generateKeys, getPublicKey, computeSecret } = kind;
  const isAsKnown = [generateKeys, getPublicKey, computeSecret].every((it) => typeof it === 'function');
  if (!isAsKnown || !Object.hasOwn(kind, 'computeSecret')) return;
  const own = new WeakMap<KeyObject, Buffer>();
  kind.getPublicKey = function (this: Exchange) {
    this.generateKeys?.();
    const key = this._keys?.publicKey;
    if (!(key instanceof KeyObject)) return getPublicKey?.call(this) ?? Buffer.alloc(0);
    const known = own.get(key) ?? Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
    own.set(key, known);
    return known;
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

/** All keys that ssh2 reads have their methods in common. */
function quickenVerify(shown: Buffer): void {
  const key = ssh2.utils.parseKey(shown);
  if (key instanceof Error) return;
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
