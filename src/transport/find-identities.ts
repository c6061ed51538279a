import type { SshAuth } from '../domain/cluster.ts';
import { AuthError } from '../domain/errors.ts';
import type { Identity, KeyProblem, KeyRing } from './key-ring.ts';
import { isIdentity } from './key-ring.ts';
import { listAgentIdentities } from './ssh-agent.ts';

/** What can be offered to one host, in order, and what cannot, for the message when nothing was accepted. */
export interface Identities {
  readonly usable: readonly Identity[];
  readonly problems: readonly AuthError[];
}

interface Sources {
  readonly keyRing: KeyRing;
  /** SSH_AUTH_SOCK, if there is an agent. */
  readonly agentSocket: string | null;
}

/**
 * The keys of one host's settings in the order in which they are tried: inline key, key files, agent. Of the default
 * files the first goes before the agent and the others after it. A file whose key the agent holds too is offered by the
 * agent, which asks for no passphrase.
 */
export async function findIdentities(auth: SshAuth, sources: Sources): Promise<Identities> {
  const fromAgent = await agentIdentities(auth, sources.agentSocket);
  if (auth.agent === 'required') return join([fromAgent]);
  const inline = auth.key === null ? [] : [await sources.keyRing.inline(auth.key)];
  const files = await Promise.all(auth.keyPaths.map((path) => sources.keyRing.file(path)));
  const present = auth.keyPathsAreDefaults ? files.filter((it) => isIdentity(it) || !it.missing) : files;
  const early = auth.keyPathsAreDefaults ? files.slice(0, 1).filter((it) => present.includes(it)) : present;
  const late = present.filter((it) => !early.includes(it));
  return join([inline, early, fromAgent, late]);
}

async function agentIdentities(auth: SshAuth, socket: string | null): Promise<(Identity | KeyProblem)[]> {
  try {
    if (socket !== null) return await listAgentIdentities(socket);
  } catch (error) {
    if (error instanceof AuthError) return [{ missing: false, error }];
    throw error;
  }
  return auth.agent === 'required' ? [{ missing: false, error: agentAbsent() }] : [];
}

function join(groups: readonly (readonly (Identity | KeyProblem)[])[]): Identities {
  const all = groups.flat();
  const inAgent = new Map<string, Identity>();
  for (const it of all) {
    if (isIdentity(it) && it.fromAgent) inAgent.set(keyOf(it), it);
  }
  const usable = new Map<string, Identity>();
  for (const it of all) {
    if (isIdentity(it) && !usable.has(keyOf(it))) usable.set(keyOf(it), inAgent.get(keyOf(it)) ?? it);
  }
  const problems = all.flatMap((it) => (isIdentity(it) ? [] : [it.error]));
  return { usable: [...usable.values()], problems };
}

function keyOf(identity: Identity): string {
  return identity.publicKey.getPublicSSH().toString('base64');
}

function agentAbsent(): AuthError {
  return new AuthError({
    code: 'ssh-agent-missing',
    message: '`ssh_agent_auth` asks for the SSH agent, and SSH_AUTH_SOCK names none.',
    hint: 'Start one and load your key (`eval "$(ssh-agent)"; ssh-add`), or name the key as `ssh_key_path`.',
  });
}
