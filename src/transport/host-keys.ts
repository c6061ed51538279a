import { readFileSync, statSync } from 'node:fs';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SshSettings } from '../domain/cluster.ts';
import { HostKeyError } from '../domain/errors.ts';
import { quoteWord } from '../lib/shell-quote.ts';
import type { HostKeyAlgorithm, KnownHost } from './known-hosts.ts';
import {
  fingerprintKey,
  hasCertAuthority,
  indexKnownHosts,
  judgeHostKey,
  keyType,
  orderHostKeyAlgorithms,
  parseKnownHosts,
} from './known-hosts.ts';

const SYSTEM_FILE = '/etc/ssh/ssh_known_hosts';

/** Which host showed a key: its name in known_hosts, and how people call it. */
export interface HostKeyOwner {
  /** As `knownHostName` gives it. */
  readonly name: string;
  /** `ops@10.0.0.1:22`, for messages. */
  readonly target: string;
}

/** Checks host keys against known_hosts and pins first contacts there. One per run, shared by all connections. */
export interface HostKeys {
  /** Resolves when the key may be trusted; rejects with HostKeyError otherwise. */
  check(owner: HostKeyOwner, key: Buffer): Promise<void>;
  /** What to offer, so that the host shows the key on record. */
  algorithms(name: string): Promise<readonly HostKeyAlgorithm[]>;
  /** True when a certificate authority vouches for the host: only OpenSSH can check that. */
  needsCertAuthority(name: string): boolean;
}

/** `settings.knownHosts` is read and appended to; the system-wide file is only read. */
export function createHostKeys(
  settings: Pick<SshSettings, 'hostKeys' | 'knownHosts'>,
  systemFile = SYSTEM_FILE,
): HostKeys {
  let index: KnownHostIndex | null = null;
  let stamp = '';
  let pinning: Promise<void> = Promise.resolve();

  const load = (): KnownHostIndex => {
    stamp = stampOf(settings.knownHosts);
    index = indexKnownHosts([...readKnownHosts(settings.knownHosts), ...readKnownHosts(systemFile)]);
    return index;
  };
  const current = (): KnownHostIndex => index ?? load();
  /** With a thousand first contacts, reading the file anew for each would take longer than the contacts. */
  const pinned = new Map<string, KnownHost>();
  const linesOf = (name: string): readonly KnownHost[] => {
    const own = pinned.get(name);
    return own === undefined ? current()(name) : [...current()(name), own];
  };

  const pin = async (owner: HostKeyOwner, key: Buffer): Promise<void> => {
    // Another connection, or another program, may have pinned it meanwhile.
    if (stampOf(settings.knownHosts) !== stamp) {
      pinned.clear();
      load();
    }
    const verdict = judgeHostKey(linesOf(owner.name), key);
    if (verdict.kind === 'known') return;
    if (verdict.kind !== 'unknown') throw refuse(owner, key, verdict);
    const line = await appendKnownHost(settings.knownHosts, owner, key);
    const file = settings.knownHosts;
    pinned.set(owner.name, { marker: null, hosts: owner.name, type: keyType(key), key, file, line });
    stamp = stampOf(file);
  };

  return {
    check: async (owner, key) => {
      const verdict = judgeHostKey(linesOf(owner.name), key);
      if (verdict.kind === 'known') return;
      if (verdict.kind !== 'unknown') throw refuse(owner, key, verdict);
      if (settings.hostKeys === 'strict') {
        throw refuseUnknown(owner, describeKey(key), settings.knownHosts, knownHostLine(owner, key));
      }
      const turn = pinning.then(() => pin(owner, key));
      pinning = turn.catch(() => undefined);
      await turn;
    },
    algorithms: async (name) => orderHostKeyAlgorithms(linesOf(name)),
    needsCertAuthority: (name) => hasCertAuthority(linesOf(name)),
  };
}

type KnownHostIndex = ReturnType<typeof indexKnownHosts>;

/** Changes whenever somebody writes the file; what cannot be looked at is told when it is read. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return '';
  }
}

function readKnownHosts(file: string): readonly KnownHost[] {
  try {
    return parseKnownHosts(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return [];
    throw new HostKeyError({
      code: 'known-hosts-unreadable',
      message: `${file} cannot be read, so no host key can be checked: ${words(error)}.`,
      hint: `Make ${file} readable for yourself, or name another file as \`ssh.known_hosts\`.`,
      cause: error,
    });
  }
}

/** One write with O_APPEND, so that several writers never mix their lines. Gives the number of the line. */
async function appendKnownHost(file: string, owner: HostKeyOwner, key: Buffer): Promise<number> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const text = await readFile(file, 'utf8').catch(() => '');
    const lead = text === '' || text.endsWith('\n') ? '' : '\n';
    await appendFile(file, `${lead}${knownHostLine(owner, key)}\n`, {
      mode: 0o600,
    });
    return text.split('\n').length + lead.length;
  } catch (error) {
    throw new HostKeyError({
      code: 'known-hosts-unwritable',
      message: `${owner.target} is new and its host key could not be recorded in ${file}: ${words(error)}.`,
      hint: `Make ${file} writable, or name another file as \`ssh.known_hosts\`.`,
      cause: error,
    });
  }
}

function knownHostLine(owner: HostKeyOwner, key: Buffer): string {
  return `${owner.name} ${keyType(key)} ${key.toString('base64')}`;
}

type Refusal = Exclude<ReturnType<typeof judgeHostKey>, { kind: 'known' } | { kind: 'unknown' }>;

function refuse(owner: HostKeyOwner, key: Buffer, verdict: Refusal): HostKeyError {
  if (verdict.kind === 'revoked') return refuseRevoked(owner, describeKey(key), verdict.recorded);
  const { recorded } = verdict;
  return refuseChanged(
    owner,
    describeKey(key),
    recorded.find((it) => it.type === keyType(key)) ?? recorded[0],
  );
}

/** `ssh-ed25519 SHA256:…`. */
function describeKey(key: Buffer): string {
  return `${keyType(key)} ${fingerprintKey(key)}`;
}

/** A host shows another key than `recorded`, as far as that is known. `shown` is type and fingerprint. */
export function refuseChanged(
  owner: HostKeyOwner,
  shown: string,
  recorded: KnownHost | undefined,
): HostKeyError {
  const onRecord =
    recorded === undefined
      ? ''
      : `  on record: ${describeKey(recorded.key)} (${recorded.file}:${recorded.line})\n`;
  const file = recorded === undefined ? '' : ` -f ${quoteWord(recorded.file)}`;
  return new HostKeyError({
    code: 'host-key-changed',
    message:
      `${owner.target} shows another host key than the one on record.\n${onRecord}  shown now: ${shown}\n` +
      'Either the machine was replaced or set up anew, or somebody stands between you and it.',
    hint:
      'Compare the fingerprint shown now with those on the machine itself ' +
      '(at its console: `for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done`). ' +
      `Only if it is one of them: \`ssh-keygen${file} -R ${quoteWord(owner.name)}\`, then run the command again.`,
  });
}

/** A host shows a key that a @revoked line names. */
export function refuseRevoked(
  owner: HostKeyOwner,
  shown: string,
  recorded: KnownHost | undefined,
): HostKeyError {
  const place = recorded === undefined ? 'known_hosts' : `${recorded.file}:${recorded.line}`;
  return new HostKeyError({
    code: 'host-key-revoked',
    message: `${owner.target} shows the host key ${shown}, which ${place} marks as revoked.`,
    hint: 'Give the machine a new host key (delete the old one, then `ssh-keygen -A`), or take the @revoked line away.',
  });
}

/** A host that is not on record while `strict` trusts no such host. `line` is what would record it, where it is known. */
export function refuseUnknown(
  owner: HostKeyOwner,
  shown: string,
  file: string,
  line: string | null,
): HostKeyError {
  const accept =
    line === null ? 'record it (`ssh-keyscan` prints the line)' : `add this line to the file: \`${line}\``;
  return new HostKeyError({
    code: 'host-key-unknown',
    message: `${owner.target} is not in ${file}, and \`ssh.host_keys: strict\` trusts no host that is not. It shows ${shown}.`,
    hint: `Compare that with the machine itself, then ${accept}. Or let first contacts be recorded with \`ssh.host_keys: accept-new\`.`,
  });
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
