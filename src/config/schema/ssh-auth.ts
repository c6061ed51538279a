import { showValue } from '../finding.ts';
import { checked, FlagSchema, LocalPathSchema, text } from './scalars.ts';

/** Path of a private key; shared by the cluster, its nodes and its bastions. */
export const SshKeyPathSchema = LocalPathSchema.meta({
  description: 'Private key for SSH. Absolute, `~/…`, or relative to this file.',
  examples: ['~/.ssh/id_ed25519'],
});

export const SshCertPathSchema = LocalPathSchema.meta({
  description:
    'OpenSSH certificate that goes with the private key. Such a host is reached through the OpenSSH client.',
  examples: ['~/.ssh/id_ed25519-cert.pub'],
});

export const SshAgentAuthSchema = FlagSchema.meta({
  description: 'Use only the SSH agent (SSH_AUTH_SOCK), no key files.',
  examples: [true],
});

export const SshKeySchema = checked(text('must be the text of a private key'), (key) =>
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)
    ? null
    : {
        message:
          '`ssh_key` does not hold a private key: there is no line `-----BEGIN … PRIVATE KEY-----` in it.',
        hint: 'Give the whole text of the key file after `ssh_key: |`, or its path as `ssh_key_path`.',
      },
).meta({
  description: 'Text of the private key. `ssh_key_path` keeps the secret out of this file.',
});

export const SshCertSchema = checked(text('must be the text of an OpenSSH certificate'), (cert) =>
  /^\s*[a-z0-9@.-]+-cert-v01@openssh\.com\s+\S+/.test(cert)
    ? null
    : {
        message:
          '`ssh_cert` does not hold an OpenSSH certificate: it has to begin with a type such as `ssh-ed25519-cert-v01@openssh.com`.',
        hint: 'Give the text of the file that ends in `-cert.pub`, or its path as `ssh_cert_path`.',
      },
).meta({ description: 'Text of an OpenSSH certificate that goes with the private key.' });

export const UserSchema = checked(text('must be a user name'), (user) =>
  /^[A-Za-z0-9_][^\s:/,;'"`$|&<>]*\$?$/.test(user)
    ? null
    : {
        message: `${showValue(user)} cannot be a user name.`,
        hint: 'Write the name of the account that SSH logs in to, such as `ubuntu` or `root`.',
      },
).meta({
  description: 'Account for SSH: root, or one that may use sudo. Default: the user who runs rke2ctl.',
  examples: ['ubuntu'],
});
