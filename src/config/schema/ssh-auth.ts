import { showValue } from '../finding.ts';
import { isSecretSource } from '../secret-value.ts';
import { checked, FlagSchema, LocalPathSchema, text } from './scalars.ts';

/** Path of a private key; shared by the cluster, its nodes and its bastions. */
export const SshKeyPathSchema = LocalPathSchema;

export const SshCertPathSchema = LocalPathSchema;

export const SshAgentAuthSchema = FlagSchema;

export const SshKeySchema = checked(text('must be the text of a private key'), (key) =>
  isSecretSource(key) || /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)
    ? null
    : {
        message:
          '`ssh_key` does not hold a private key: there is no line `-----BEGIN … PRIVATE KEY-----` in it.',
        hint: 'Give the whole text of the key file after `ssh_key: |`, or its path as `ssh_key_path`.',
      },
);

export const SshCertSchema = checked(text('must be the text of an OpenSSH certificate'), (cert) =>
  /^\s*[a-z0-9@.-]+-cert-v01@openssh\.com\s+\S+/.test(cert)
    ? null
    : {
        message:
          '`ssh_cert` does not hold an OpenSSH certificate: it has to begin with a type such as `ssh-ed25519-cert-v01@openssh.com`.',
        hint: 'Give the text of the file that ends in `-cert.pub`, or its path as `ssh_cert_path`.',
      },
);

export const UserSchema = checked(text('must be a user name'), (user) =>
  /^[A-Za-z0-9_][^\s:/,;'"`$|&<>]*\$?$/.test(user)
    ? null
    : {
        message: `${showValue(user)} cannot be a user name.`,
        hint: 'Write the name of the account that SSH logs in to, such as `ubuntu` or `root`.',
      },
);
