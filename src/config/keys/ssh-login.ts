import { DEFAULTS } from '../defaults.ts';
import { PortSchema } from '../schema/scalars.ts';
import {
  SshAgentAuthSchema,
  SshCertPathSchema,
  SshCertSchema,
  SshKeyPathSchema,
  SshKeySchema,
  UserSchema,
} from '../schema/ssh-auth.ts';
import { mapped, ours } from './key.ts';

const LOGIN = ours('how SSH logs in to the host');

/** How SSH reaches one host and who it says it is: the same for nodes and jump hosts. */
export const SSH_LOGIN_KEYS = {
  port: mapped(PortSchema, {
    description: 'Port of the host’s SSH server.',
    examples: [22, '22'],
    default: `\`${DEFAULTS.sshPort}\``,
    becomes: [ours('where SSH reaches the host')],
  }),
  user: mapped(UserSchema, {
    description: 'Account for SSH: root, or one that may use sudo.',
    examples: ['ubuntu'],
    default: 'the user who runs rke2ctl',
    becomes: [LOGIN],
  }),
  ssh_agent_auth: mapped(SshAgentAuthSchema, {
    description: 'Use only the SSH agent (SSH_AUTH_SOCK), no key files.',
    examples: [true],
    default: 'the cluster’s `ssh_agent_auth`',
    becomes: [LOGIN],
  }),
  ssh_key: mapped(SshKeySchema, {
    description: 'Text of the private key. `ssh_key_path` keeps the secret out of this file.',
    examples: ['file:~/.ssh/id_ed25519'],
    secret: true,
    verbatim: true,
    becomes: [LOGIN],
  }),
  ssh_key_path: mapped(SshKeyPathSchema, {
    description: 'Private key for SSH. Absolute, `~/…`, or relative to this file.',
    examples: ['~/.ssh/id_ed25519'],
    default: 'the cluster’s `ssh_key_path`',
    becomes: [LOGIN],
  }),
  ssh_cert: mapped(SshCertSchema, {
    description: 'Text of an OpenSSH certificate that goes with the private key.',
    examples: [],
    verbatim: true,
    becomes: [LOGIN],
  }),
  ssh_cert_path: mapped(SshCertPathSchema, {
    description:
      'OpenSSH certificate that goes with the private key. Such a host is reached through the OpenSSH client.',
    examples: ['~/.ssh/id_ed25519-cert.pub'],
    default: 'the cluster’s `ssh_cert_path`',
    becomes: [LOGIN],
  }),
};

/** What holds for all hosts that do not say otherwise. */
export const CLUSTER_SSH_KEYS = {
  ssh_key_path: mapped(SshKeyPathSchema, {
    description: 'Private key for SSH. Absolute, `~/…`, or relative to this file.',
    examples: ['~/.ssh/id_ed25519'],
    default: `${home(DEFAULTS.sshKeys[0])}, else the SSH agent, else ${DEFAULTS.sshKeys.slice(1).map(home).join(', ')}`,
    becomes: [LOGIN],
  }),
  ssh_cert_path: mapped(SshCertPathSchema, {
    description:
      'OpenSSH certificate that goes with the private key. Its hosts are reached through the OpenSSH client.',
    examples: ['~/.ssh/id_ed25519-cert.pub'],
    becomes: [LOGIN],
  }),
  ssh_agent_auth: mapped(SshAgentAuthSchema, {
    description: 'Use only the SSH agent (SSH_AUTH_SOCK), no key files.',
    examples: [true],
    default: '`false`: the agent is asked after the keys, if there is one',
    becomes: [LOGIN],
  }),
};

function home(path: string): string {
  return `\`~/${path}\``;
}
