import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import nacl from 'tweetnacl';
import { StatusError } from './status-error.ts';

/** How values of a kind lie in etcd: what goes in, and what comes out of it. */
export interface Transformer {
  encode(plain: Buffer, etcdKey: string): Buffer;
  /** `isStale`: it was not written with the key that is in force, so the next write changes it. Throws a 500 in Kubernetes' words. */
  decode(stored: Buffer, etcdKey: string): { readonly plain: Buffer; readonly isStale: boolean };
}

interface Key {
  readonly name: string;
  readonly secret: Buffer;
}

interface Provider {
  readonly kind: 'aescbc' | 'secretbox' | 'identity';
  readonly keys: readonly Key[];
}

/**
 * Secrets at rest as an EncryptionConfiguration says it, in the bytes that Kubernetes writes:
 * `k8s:enc:<provider>:v1:<key's name>:` and then what is encrypted. The file is read again whenever it has changed.
 */
export function openEncryption(path: string): Transformer {
  let stamp = '';
  let providers: readonly Provider[] = [];
  const load = (): readonly Provider[] => {
    const { mtimeNs, size, ino } = statSync(path, { bigint: true });
    const now = `${mtimeNs} ${size} ${ino}`;
    if (now !== stamp) {
      providers = readProviders(path);
      stamp = now;
    }
    return providers;
  };
  return {
    encode: (plain, etcdKey) => seal(load(), plain, etcdKey),
    decode: (stored, etcdKey) => open(load(), stored, etcdKey),
  };
}

function readProviders(path: string): readonly Provider[] {
  const { resources } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly resources: readonly {
      readonly providers: readonly Partial<
        Record<
          Provider['kind'],
          { readonly keys?: readonly { readonly name: string; readonly secret: string }[] }
        >
      >[];
    }[];
  };
  return (resources[0]?.providers ?? []).flatMap((entry) =>
    Object.entries(entry).map(([kind, { keys = [] }]) => ({
      kind: kind as Provider['kind'],
      keys: keys.map(({ name, secret }) => ({ name, secret: Buffer.from(secret, 'base64') })),
    })),
  );
}

function prefixOf(kind: Provider['kind'], name = ''): string {
  return name === '' ? `k8s:enc:${kind}:v1:` : `k8s:enc:${kind}:v1:${name}:`;
}

function seal(providers: readonly Provider[], plain: Buffer, etcdKey: string): Buffer {
  const [first] = providers;
  if (first === undefined || first.kind === 'identity') return plain;
  const key = first.keys[0];
  if (key === undefined) throw unreadable(etcdKey, `the provider ${first.kind} has no key`);
  const body = first.kind === 'aescbc' ? sealCbc(key.secret, plain) : sealBox(key.secret, plain);
  return Buffer.concat([Buffer.from(prefixOf(first.kind, key.name)), body]);
}

function open(providers: readonly Provider[], stored: Buffer, etcdKey: string) {
  if (stored.subarray(0, 8).toString() !== 'k8s:enc:') {
    if (!providers.some(({ kind }) => kind === 'identity'))
      throw unreadable(etcdKey, 'no matching prefix found');
    return { plain: stored, isStale: providers[0]?.kind !== 'identity' };
  }
  for (const [index, { kind, keys }] of providers.entries()) {
    for (const [position, { name, secret }] of keys.entries()) {
      const prefix = prefixOf(kind, name);
      if (stored.subarray(0, prefix.length).toString() !== prefix) continue;
      const body = stored.subarray(prefix.length);
      try {
        const plain = kind === 'aescbc' ? openCbc(secret, body) : openBox(secret, body);
        return { plain, isStale: index + position > 0 };
      } catch (error) {
        throw unreadable(etcdKey, error instanceof Error ? error.message : String(error));
      }
    }
  }
  throw unreadable(etcdKey, 'no matching prefix found');
}

function sealCbc(secret: Buffer, plain: Buffer): Buffer {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', secret, iv);
  return Buffer.concat([iv, cipher.update(plain), cipher.final()]);
}

function openCbc(secret: Buffer, body: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', secret, body.subarray(0, 16));
  return Buffer.concat([decipher.update(body.subarray(16)), decipher.final()]);
}

function sealBox(secret: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(24);
  return Buffer.concat([nonce, nacl.secretbox(plain, nonce, secret)]);
}

function openBox(secret: Buffer, body: Buffer): Buffer {
  const plain = nacl.secretbox.open(body.subarray(24), body.subarray(0, 24), secret);
  // Version 0.14 gives false, later ones null.
  if (!plain) throw new Error('output array was not large enough for encryption');
  return Buffer.from(plain);
}

function unreadable(etcdKey: string, reason: string): StatusError {
  return new StatusError(
    500,
    'InternalError',
    `Internal error occurred: unable to transform key "${etcdKey}": ${reason}`,
  );
}
