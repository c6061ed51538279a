import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bastion, ClusterNode, SshAuth } from '../../domain/cluster.ts';
import { AuthError } from '../../domain/errors.ts';
import { authFailed } from '../connect-errors.ts';
import { findIdentities } from '../find-identities.ts';
import { formatTarget, type SshHost } from '../ssh-host.ts';
import type { TransportContext } from '../transport-context.ts';
import { formatOpensshConfig, type OpensshHop } from './openssh-config.ts';
import { serveAgent } from './serve-agent.ts';

/** A unix socket's path may have 104 bytes, and ssh adds some of its own to ControlPath. */
const LONGEST_FOLDER = 70;

/** What OpenSSH's client needs on disk for one host: a folder of ours alone (0700), gone after `remove`. */
export interface SessionFiles {
  /** The ssh_config of the host itself. */
  readonly config: string;
  readonly controlPath: string;
  /** Where each hop's client writes what it does, bastions first and the host last. */
  readonly logs: readonly string[];
  /** The environment of every client: it names the agent. */
  readonly env: NodeJS.ProcessEnv;
  /** Why keys could not be used, as far as it was our agent that should have used them. */
  readonly problems: readonly AuthError[];
  remove(): Promise<void>;
}

type Dialled = Pick<Bastion, 'address' | 'port' | 'user' | 'auth'>;

/** Writes one ssh_config per hop and starts the agents they need. */
export async function writeSessionFiles(node: ClusterNode, context: TransportContext): Promise<SessionFiles> {
  const folder = await mkdtemp(join(tmpdir().length > LONGEST_FOLDER ? '/tmp' : tmpdir(), 'rke2ctl-'));
  const agents: Server[] = [];
  const problems: AuthError[] = [];
  const remove = async (): Promise<void> => {
    for (const agent of agents) agent.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await prepareKnownHosts(context);
    const logs: string[] = [];
    let via: OpensshHop['via'] = null;
    let config = '';
    for (const [index, host] of [...node.bastions, node].entries()) {
      const log = join(folder, `${index}.log`);
      const sshHost = { ...host, target: formatTarget(host), hostKeyName: host.address };
      const hop = await describeHop(host, { host: sshHost, index, folder, via, context, agents, problems });
      config = join(folder, `${index}.conf`);
      await writeFile(config, formatOpensshConfig(hop, context.settings, includesOf(context)), {
        mode: 0o600,
      });
      logs.push(log);
      via = { config, log, address: host.address };
    }
    const env = { ...process.env, SSH_AUTH_SOCK: context.agentSocket ?? undefined };
    return { config, controlPath: join(folder, 's'), logs, env, problems, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** OpenSSH would make the file readable for all. */
async function prepareKnownHosts(context: TransportContext): Promise<void> {
  const { hostKeys, knownHosts } = context.settings;
  if (hostKeys === 'strict') return;
  // What cannot be made is told by the client, which then refuses or warns as the person's settings say.
  await mkdir(dirname(knownHosts), { recursive: true, mode: 0o700 }).catch(() => undefined);
  await appendFile(knownHosts, '', { mode: 0o600 }).catch(() => undefined);
}

/** OpenSSH reads forms of keys that ssh2 does not. */
const CLIENT_MAY_DO = ['ssh-key-unsupported', 'ssh-key-pkcs8'];

interface HopPlace {
  readonly host: SshHost;
  readonly index: number;
  readonly folder: string;
  readonly via: OpensshHop['via'];
  readonly context: TransportContext;
  readonly agents: Server[];
  readonly problems: AuthError[];
}

async function describeHop(host: Dialled, place: HopPlace): Promise<OpensshHop> {
  const { context } = place;
  return {
    address: host.address,
    port: host.port === 22 ? null : host.port,
    user: host.user === context.sshConfig.currentUser ? null : host.user,
    auth: host.auth,
    certificates: await writeCertificates(host.auth, place),
    agentSocket: await chooseAgent(host.auth, place),
    via: place.via,
  };
}

async function writeCertificates(auth: SshAuth, place: HopPlace): Promise<readonly string[]> {
  const paths = auth.certificatePath === null ? [] : [auth.certificatePath];
  if (auth.certificate === null) return paths;
  const path = join(place.folder, `${place.index}-cert.pub`);
  await writeFile(path, `${auth.certificate.trim()}\n`, { mode: 0o600 });
  return [...paths, path];
}

/** OpenSSH gets an agent of ours only for what it cannot use by itself: inline keys, and keys behind a passphrase. */
async function chooseAgent(auth: SshAuth, place: HopPlace): Promise<string | null> {
  const { usable, problems } = await findIdentities(auth, place.context);
  if (auth.agent === 'required') {
    if (usable.length === 0 && problems.length > 0) {
      throw authFailed(place.host, { offered: [], problems, accepted: [], detail: '' });
    }
    return null;
  }
  place.problems.push(...problems.filter((it) => !CLIENT_MAY_DO.includes(it.code)));
  if (auth.key === null && !usable.some((identity) => identity.isLocked)) return null;
  const path = join(place.folder, `${place.index}.agent`);
  const onProblem = (error: unknown): void => {
    if (error instanceof AuthError) place.problems.push(error);
  };
  place.agents.push(await serveAgent(usable, path, onProblem));
  return path;
}

function includesOf(context: TransportContext): readonly string[] {
  const { text, home } = context.sshConfig;
  return text === '' ? [] : [join(home, '.ssh', 'config'), '/etc/ssh/ssh_config'];
}
