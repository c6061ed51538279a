import { isAbsolute, join } from 'node:path';
import { parse } from 'ssh-config';
import type { Bastion, SshAuth } from '../domain/cluster.ts';
import { remember } from '../lib/remember.ts';
import { knownHostName } from './known-hosts.ts';
import { formatTarget, type SshHost } from './ssh-host.ts';

/** Who asks: values of ssh_config hold only where cluster.yml left the default, which these tell. */
export interface SshConfigReader {
  /** Text as `readSshConfig` gives it. */
  readonly text: string;
  readonly home: string;
  readonly currentUser: string;
}

/** How to get to a host, once ssh_config has been asked about it and about every bastion. */
export interface SshRoute {
  readonly host: SshHost;
  /** The first is reached from here. */
  readonly bastions: readonly SshHost[];
  /** What only OpenSSH's own client can do for this host; null when ssh2 can do it all. */
  readonly needsOpenssh: string | null;
}

type Dialled = Pick<Bastion, 'address' | 'port' | 'user' | 'auth'>;

const DEFAULT_PORT = 22;
const LONGEST_CHAIN = 8;

/**
 * Finds the route to a host. Explicit values of cluster.yml win over ssh_config: a port other than 22, a user other than
 * the one at the terminal, keys that are not the defaults, bastions.
 */
export function routeTo(node: Dialled, bastions: readonly Dialled[], reader: SshConfigReader): SshRoute {
  const own = resolve(node, reader);
  const chain =
    bastions.length > 0 ? bastions.map((it) => resolve(it, reader)) : jumpsOf(own, node.auth, reader, 0);
  return {
    host: own.host,
    bastions: chain.map((it) => it.host),
    needsOpenssh: [...chain, own].map((it) => it.needsOpenssh).find((reason) => reason !== null) ?? null,
  };
}

interface Resolved {
  readonly host: SshHost;
  readonly proxyJump: string | null;
  readonly needsOpenssh: string | null;
}

function jumpsOf(resolved: Resolved, auth: SshAuth, reader: SshConfigReader, depth: number): Resolved[] {
  if (resolved.proxyJump === null || depth >= LONGEST_CHAIN) return [];
  const hops = resolved.proxyJump
    .split(',')
    .map((hop) => resolve(parseJump(hop.trim(), auth, reader), reader));
  const [first] = hops;
  return first === undefined ? [] : [...jumpsOf(first, auth, reader, depth + 1), ...hops];
}

/** `[user@]host[:port]`, or the same as an ssh:// URI. */
function parseJump(text: string, auth: SshAuth, reader: SshConfigReader): Dialled {
  const plain = text.replace(/^ssh:\/\//, '').replace(/\/$/, '');
  const at = plain.lastIndexOf('@');
  const user = at === -1 ? reader.currentUser : plain.slice(0, at);
  const place = plain.slice(at + 1);
  const match = /^\[([^\]]+)\](?::(\d+))?$/.exec(place) ?? /^([^:]+)(?::(\d+))?$/.exec(place);
  return { address: match?.[1] ?? place, port: Number(match?.[2] ?? DEFAULT_PORT), user, auth };
}

function resolve(host: Dialled, reader: SshConfigReader): Resolved {
  const values = lookUp(host, reader);
  const user = host.user === reader.currentUser ? (values.get('user') ?? host.user) : host.user;
  const port = host.port === DEFAULT_PORT ? Number(values.get('port') ?? host.port) : host.port;
  const tokens = { h: host.address, n: host.address, p: String(port), r: user, u: reader.currentUser };
  const address = expand(values.get('hostname') ?? host.address, { ...tokens, d: reader.home });
  const proxyJump = values.get('proxyjump') ?? 'none';
  return {
    host: {
      target: formatTarget({ user, address: host.address, port }),
      address,
      port,
      user,
      auth: withIdentityFiles(host.auth, values.all('identityfile'), reader, { ...tokens, h: address }),
      hostKeyName: values.get('hostkeyalias')?.toLowerCase() ?? knownHostName(address, port),
    },
    proxyJump: proxyJump.toLowerCase() === 'none' ? null : proxyJump,
    needsOpenssh: findOpensshOnly(host.auth, values, reader.text),
  };
}

const OPENSSH_ONLY = ['proxycommand', 'certificatefile', 'pkcs11provider', 'bindaddress', 'bindinterface'];

interface Values {
  get(key: string): string | undefined;
  all(key: string): readonly string[];
}

/** Keys in lower case. Commands of `Match exec` are not run. */
function lookUp(host: Dialled, reader: SshConfigReader): Values {
  // The user asked for becomes part of the answer, so a user that may yet be replaced is not told.
  const asked = host.user === reader.currentUser ? null : host.user;
  const found = computerOf(reader)(host.address, asked);
  const all = (key: string): readonly string[] => {
    const value = found[key];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  };
  return { all, get: (key) => all(key)[0] };
}

type Found = Readonly<Record<string, string | readonly string[]>>;

/** Reads the text once for all hosts; where it has no blocks for single hosts, the answer is the same for all of them, too. */
const computerOf = remember((reader: SshConfigReader) => {
  const config = parse(reader.text);
  const isForAll = !/^[ \t]*(match\b|canonicaldomains\b|host[ \t=]+(?![ \t=]|\*\s*$))/im.test(reader.text);
  const answers = new Map<string | null, Found>();
  return (address: string, user: string | null): Found => {
    const known = isForAll ? answers.get(user) : undefined;
    if (known !== undefined) return known;
    const found: Found = config.compute(
      { Host: address, ...(user === null ? {} : { User: user }) },
      { ignoreCase: true, matchExec: false },
    );
    answers.set(user, found);
    return found;
  };
});

function withIdentityFiles(
  auth: SshAuth,
  files: readonly string[],
  reader: SshConfigReader,
  tokens: Readonly<Record<string, string>>,
): SshAuth {
  if (!auth.keyPathsAreDefaults || files.length === 0) return auth;
  const keyPaths = files.map((file) => {
    const path = expand(file, { ...tokens, d: reader.home });
    if (path.startsWith('~/')) return join(reader.home, path.slice(2));
    return isAbsolute(path) ? path : join(reader.home, path);
  });
  // Still "defaults": OpenSSH passes over identity files that are not there.
  return { ...auth, keyPaths };
}

function expand(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (whole, letter: string) => (letter === '%' ? '%' : (tokens[letter] ?? whole)));
}

function findOpensshOnly(auth: SshAuth, values: Values, text: string): string | null {
  if (auth.certificate !== null || auth.certificatePath !== null) return 'a certificate (ssh_cert)';
  for (const key of OPENSSH_ONLY) {
    const value = values.get(key);
    if (value !== undefined && value.toLowerCase() !== 'none') return `${key} in ssh_config`;
  }
  const agent = values.get('identityagent');
  if (agent !== undefined && agent !== 'SSH_AUTH_SOCK') return 'identityagent in ssh_config';
  if (/^\s*match\b.*\bexec\b/im.test(text)) return 'Match exec in ssh_config';
  if (values.get('canonicalizehostname') === 'yes') return 'CanonicalizeHostname in ssh_config';
  return null;
}
