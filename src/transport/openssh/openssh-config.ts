import type { SshAuth, SshSettings } from '../../domain/cluster.ts';

/** One hop as OpenSSH's own client is told of it. */
export interface OpensshHop {
  /** As written in cluster.yml, so that the `Host` blocks of the person's own ssh_config apply. */
  readonly address: string;
  /** Null leaves it to ssh_config. */
  readonly port: number | null;
  readonly user: string | null;
  readonly auth: SshAuth;
  /** Paths of certificates, those given as text having been written to files. */
  readonly certificates: readonly string[];
  /** Socket of the agent to use instead of the person's own; null = the one in SSH_AUTH_SOCK. */
  readonly agentSocket: string | null;
  /** How to reach it through the hop before: that hop's own ssh_config and address; null = directly, or as ssh_config says. */
  readonly via: { readonly config: string; readonly log: string; readonly address: string } | null;
}

/**
 * The ssh_config for one hop: our values first, since OpenSSH takes the first it finds, then what the person's and the
 * machine's files say of everything else. `includes` are those files.
 */
export function formatOpensshConfig(
  hop: OpensshHop,
  settings: Pick<SshSettings, 'hostKeys' | 'knownHosts' | 'connectTimeoutMs' | 'keepaliveMs'>,
  includes: readonly string[],
): string {
  const { auth, via } = hop;
  const files = auth.keyPathsAreDefaults || auth.agent === 'required' ? [] : auth.keyPaths;
  const lines = [
    `Host ${hop.address}`,
    ...(hop.port === null ? [] : [`  Port ${hop.port}`]),
    ...(hop.user === null ? [] : [`  User ${quoteValue(hop.user)}`]),
    ...files.map((path) => `  IdentityFile ${quoteValue(path)}`),
    ...hop.certificates.map((path) => `  CertificateFile ${quoteValue(path)}`),
    ...(hop.agentSocket === null ? [] : [`  IdentityAgent ${quoteValue(hop.agentSocket)}`]),
    ...(via === null ? [] : [`  ProxyCommand ${proxyCommand(via)}`]),
    `  UserKnownHostsFile ${quoteValue(settings.knownHosts)}`,
    `  StrictHostKeyChecking ${settings.hostKeys === 'strict' ? 'yes' : 'accept-new'}`,
    '  UpdateHostKeys no',
    '  BatchMode yes',
    `  ConnectTimeout ${Math.ceil(settings.connectTimeoutMs / 1000)}`,
    `  ServerAliveInterval ${Math.ceil(settings.keepaliveMs / 1000)}`,
    '  ServerAliveCountMax 4',
    '  Ciphers ^aes128-gcm@openssh.com',
    '  LogLevel DEBUG1',
    '  RequestTTY no',
    '  RemoteCommand none',
    '  PermitLocalCommand no',
    '  ForwardAgent no',
    '  ForwardX11 no',
    '  ClearAllForwardings yes',
    '  EscapeChar none',
    'Host *',
    ...includes.map((path) => `  Include ${quoteValue(path)}`),
  ];
  return `${lines.join('\n')}\n`;
}

function proxyCommand(via: NonNullable<OpensshHop['via']>): string {
  // ssh itself puts `exec` before it. `-o ControlPath=none`: the hop's connection belongs to this host's master alone and ends with it.
  return `ssh -F ${shellWord(via.config)} -E ${shellWord(via.log)} -o ControlPath=none -W [%h]:%p -- ${shellWord(via.address)}`;
}

/** ssh_config takes double quotes around values with blanks; it knows no way to write a double quote inside. */
function quoteValue(value: string): string {
  return /[\s#]/.test(value) ? `"${value.replaceAll('%', '%%')}"` : value.replaceAll('%', '%%');
}

/** ProxyCommand is a shell line in which `%` begins a token. */
function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'`;
}
