import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SshSettings } from '../domain/cluster.ts';
import { HostKeyError } from '../domain/errors.ts';
import { quoteWord } from '../lib/shell-quote.ts';
import type { HostKeyAlgorithm, KnownHost } from './known-hosts.ts';
import {
  fingerprintKey,
  hasCertAuthority,
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
  needsCertAuthority(name: string): Promise<boolean>;
}

/** `settings.knownHosts` is read and appended to; the system-wide file is only read. */
export function createHostKeys(
  settings: Pick<SshSettings, 'hostKeys' | 'knownHosts'>,
  systemFile = SYSTEM_FILE,
): HostKeys {
  let entries: Promise<readonly KnownHost[]> | null = null;
  let pinning: Promise<void> = Promise.resolve();

  const load = async (): Promise<readonly KnownHost[]> => [
    ...(await readKnownHosts(settings.knownHosts)),
    ...(await readKnownHosts(systemFile)),
  ];
  const current = (): Promise<readonly KnownHost[]> => {
    entries ??= load();
    return entries;
  };

  const pin = async (owner: HostKeyOwner, key: Buffer): Promise<void> => {
    entries = load(); // another connection, or another program, may have pinned it meanwhile
    const verdict = judgeHostKey(await entries, owner.name, key);
    if (verdict.kind === 'known') return;
    if (verdict.kind !== 'unknown') throw refuse(owner, key, verdict);
    await appendKnownHost(settings.knownHosts, owner, key);
    entries = load();
  };

  return {
    check: async (owner, key) => {
      const verdict = judgeHostKey(await current(), owner.name, key);
      if (verdict.kind === 'known') return;
      if (verdict.kind !== 'unknown') throw refuse(owner, key, verdict);
      if (settings.hostKeys === 'strict') throw refuseUnknown(owner, key, settings.knownHosts);
      const turn = pinning.then(() => pin(owner, key));
      pinning = turn.catch(() => undefined);
      await turn;
    },
    algorithms: async (name) => orderHostKeyAlgorithms(await current(), name),
    needsCertAuthority: async (name) => hasCertAuthority(await current(), name),
  };
}

async function readKnownHosts(file: string): Promise<readonly KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'), file);
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

/** One write with O_APPEND, so that several writers never mix their lines. */
async function appendKnownHost(file: string, owner: HostKeyOwner, key: Buffer): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const text = await readFile(file, 'utf8').catch(() => '');
    const lead = text === '' || text.endsWith('\n') ? '' : '\n';
    await appendFile(file, `${lead}${owner.name} ${keyType(key)} ${key.toString('base64')}\n`, {
      mode: 0o600,
    });
  } catch (error) {
    throw new HostKeyError({
      code: 'known-hosts-unwritable',
      message: `${owner.target} is new and its host key could not be recorded in ${file}: ${words(error)}.`,
      hint: `Make ${file} writable, or name another file as \`ssh.known_hosts\`.`,
      cause: error,
    });
  }
}

type Refusal = Exclude<ReturnType<typeof judgeHostKey>, { kind: 'known' } | { kind: 'unknown' }>;

function refuse(owner: HostKeyOwner, key: Buffer, verdict: Refusal): HostKeyError {
  return verdict.kind === 'revoked'
    ? refuseRevoked(owner, key, verdict.recorded)
    : refuseChanged(owner, key, verdict.recorded);
}

function refuseChanged(owner: HostKeyOwner, key: Buffer, recorded: readonly KnownHost[]): HostKeyError {
  const old = recorded.find((entry) => entry.type === keyType(key)) ?? recorded[0];
  const place = old === undefined ? '' : `${old.file}:${old.line}`;
  const oldKey = old === undefined ? '' : `${old.type} ${fingerprintKey(old.key)}`;
  return new HostKeyError({
    code: 'host-key-changed',
    message:
      `${owner.target} shows another host key than the one on record.\n` +
      `  on record: ${oldKey} (${place})\n` +
      `  shown now: ${keyType(key)} ${fingerprintKey(key)}\n` +
      'Either the machine was replaced or set up anew, or somebody stands between you and it.',
    hint:
      'Compare the fingerprint shown now with the one on the machine itself ' +
      '(at its console: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`). ' +
      `Only if they are the same: \`ssh-keygen -f ${quoteWord(old?.file ?? '')} -R ${quoteWord(owner.name)}\`, ` +
      'then run the command again.',
  });
}

function refuseRevoked(owner: HostKeyOwner, key: Buffer, recorded: KnownHost): HostKeyError {
  return new HostKeyError({
    code: 'host-key-revoked',
    message:
      `${owner.target} shows the host key ${keyType(key)} ${fingerprintKey(key)}, ` +
      `which ${recorded.file}:${recorded.line} marks as revoked.`,
    hint: 'Give the machine a new host key (`ssh-keygen -A` after deleting the old one), or take the @revoked line away.',
  });
}

function refuseUnknown(owner: HostKeyOwner, key: Buffer, file: string): HostKeyError {
  return new HostKeyError({
    code: 'host-key-unknown',
    message:
      `${owner.target} is not in ${file}, and \`ssh.host_keys: strict\` trusts no host that is not. ` +
      `It shows ${keyType(key)} ${fingerprintKey(key)}.`,
    hint:
      'Compare that with the machine itself, then add this line to the file: ' +
      `\`${owner.name} ${keyType(key)} ${key.toString('base64')}\`. ` +
      'Or let first contacts be recorded with `ssh.host_keys: accept-new`.',
  });
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
