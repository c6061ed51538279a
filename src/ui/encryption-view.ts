import type { EncryptionKey, EncryptionStatus, StoredSecrets } from '../domain/secrets-encryption.ts';
import type { Style } from './style.ts';
import { countText, renderTable } from './table.ts';

/** How Secrets are encrypted, server by server, and what is wrong with that. */
export interface EncryptionReport {
  readonly servers: readonly {
    readonly node: string;
    /** null: it gave no answer, and `failure` says why. */
    readonly status: EncryptionStatus | null;
    readonly failure: string | null;
  }[];
  /** null: nobody could look. */
  readonly stored: StoredSecrets | null;
  readonly problems: readonly string[];
}

/** The servers as a table, then how the Secrets in etcd are stored, then what is wrong. */
export function renderEncryption({ servers, stored, problems }: EncryptionReport, style: Style): string {
  const columns = [
    { heading: 'NODE' },
    { heading: 'ENCRYPTION' },
    { heading: 'STAGE' },
    { heading: 'KEY' },
    { heading: 'READS ALSO' },
  ];
  const rows = servers.map(({ node, status }) =>
    status === null
      ? [node, '-', '-', '-', '-']
      : [
          node,
          status.enabled ? 'on' : 'off',
          status.stage === '' ? '-' : status.stage,
          keyText(status.active),
          status.inactive.length === 0 ? '-' : status.inactive.map(keyText).join(', '),
        ],
  );
  const lines = [
    ...(stored === null
      ? []
      : [
          `${stored.withKey} of ${countText(stored.withKey + stored.otherwise, 'Secret')} in etcd are stored with that key.`,
        ]),
    ...problems.map((problem) => style.red(problem)),
  ];
  return renderTable(columns, rows, style) + lines.map((line) => `${line}\n`).join('');
}

function keyText(key: EncryptionKey | null): string {
  return key === null ? '-' : `${key.name} (${key.provider ?? 'of an unknown kind'})`;
}
