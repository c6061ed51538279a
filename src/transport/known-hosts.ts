import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** One line of an OpenSSH known_hosts file. `hosts` is its first field as written: patterns, or a hash. */
export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | null;
  readonly hosts: string;
  /** `ssh-ed25519`, `ssh-rsa`, … */
  readonly type: string;
  /** The public key's bytes in SSH's wire form. */
  readonly key: Buffer;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** What the known_hosts lines say of a key that a host showed. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  /** No line names this host. */
  | { readonly kind: 'unknown' }
  /** The host is on record with other keys only; `recorded` has at least one. */
  | { readonly kind: 'changed'; readonly recorded: readonly KnownHost[] }
  | { readonly kind: 'revoked'; readonly recorded: KnownHost };

/** Reads known_hosts text; comments, blank lines and lines that OpenSSH could not read either are passed over. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => parseLine(line.trim(), file, index + 1));
}

function parseLine(text: string, file: string, line: number): KnownHost[] {
  if (text === '' || text.startsWith('#')) return [];
  const words = text.split(/[ \t]+/);
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
  if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') return [];
  const [hosts, type, encoded] = words;
  if (hosts === undefined || type === undefined || encoded === undefined) return [];
  const key = Buffer.from(encoded, 'base64');
  if (key.length === 0) return [];
  const kind = marker === '@revoked' ? 'revoked' : marker === '@cert-authority' ? 'cert-authority' : null;
  return [{ marker: kind, hosts, type, key, file, line }];
}

/** The name under which OpenSSH records a host: the bare name at port 22, `[name]:port` at any other. */
export function knownHostName(address: string, port: number): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Whether a line is about the host recorded as `name`: by hash, or by patterns of which no `!` one may match. */
export function namesHost(entry: KnownHost, name: string): boolean {
  if (entry.hosts.startsWith('|1|')) return matchesHash(entry.hosts, name);
  let found = false;
  for (const pattern of entry.hosts.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) {
      found = true;
    }
  }
  return found;
}

/**
 * Gives the lines about a host, in their order, without asking every line: most name hosts in plain words. What was asked is
 * remembered, as hashed names have to be tried one by one.
 */
export function indexKnownHosts(entries: readonly KnownHost[]): (name: string) => readonly KnownHost[] {
  const plain = new Map<string, number[]>();
  const others: number[] = [];
  for (const [index, { hosts }] of entries.entries()) {
    if (/[|*?!]/.test(hosts)) others.push(index);
    else for (const name of new Set(hosts.toLowerCase().split(','))) push(plain, name, index);
  }
  const answers = new Map<string, readonly KnownHost[]>();
  const find = (name: string): readonly KnownHost[] => {
    const matching = others.filter((index) => {
      const entry = entries[index];
      return entry !== undefined && namesHost(entry, name);
    });
    const found = [...(plain.get(name) ?? []), ...matching].sort((a, b) => a - b);
    return found.flatMap((index) => entries[index] ?? []);
  };
  return (name) => {
    const known = answers.get(name) ?? find(name);
    answers.set(name, known);
    return known;
  };
}

function push(lists: Map<string, number[]>, name: string, index: number): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [index]);
  else list.push(index);
}

function matchesHash(hosts: string, name: string): boolean {
  const [, , salt, hash] = hosts.split('|');
  if (salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function matchesPattern(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(name);
}

/** Judges the key that a host showed by the lines about it; a revoked key stays revoked whatever else is on record. */
export function judgeHostKey(own: readonly KnownHost[], key: Buffer): HostKeyVerdict {
  const revoked = own.find((entry) => entry.marker === 'revoked' && entry.key.equals(key));
  if (revoked !== undefined) return { kind: 'revoked', recorded: revoked };
  const recorded = own.filter((entry) => entry.marker === null);
  if (recorded.length === 0) return { kind: 'unknown' };
  return recorded.some((entry) => entry.key.equals(key)) ? { kind: 'known' } : { kind: 'changed', recorded };
}

/** Whether one of the lines about a host vouches for it by a certificate authority, which only OpenSSH's own client can check. */
export function hasCertAuthority(own: readonly KnownHost[]): boolean {
  return own.some((entry) => entry.marker === 'cert-authority');
}

/** Signature algorithms from the best to the last; SHA-1 ones are left out. */
const HOST_KEY_ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

export type HostKeyAlgorithm = (typeof HOST_KEY_ALGORITHMS)[number];

/**
 * The host key algorithms to offer, those of the keys in the lines about a host first: one with several keys must show
 * the one we know, or it would look changed.
 */
export function orderHostKeyAlgorithms(own: readonly KnownHost[]): HostKeyAlgorithm[] {
  const types = new Set(own.filter((it) => it.marker === null).map((it) => it.type));
  const isKnown = (algorithm: string): boolean =>
    types.has(algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm);
  return [...HOST_KEY_ALGORITHMS.filter(isKnown), ...HOST_KEY_ALGORITHMS.filter((it) => !isKnown(it))];
}

/** `SHA256:…` as ssh-keygen prints it. */
export function fingerprintKey(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that stands at the start of every public key in wire form. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return 'unknown';
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('ascii');
}
