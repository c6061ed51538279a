import { Secret } from '../../domain/secret.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake, type Path } from '../finding.ts';
import { checkCertificates, checkPrivateKey } from '../schema/pem.ts';
import { isSecretSource, lookUpSecret } from '../secret-value.ts';
import type { RuleContext } from './rule.ts';

/** Certificates and keys that stand in the file, or in files that it names, can be read. */
export function checkPems(draft: ClusterDraft, context: RuleContext): readonly Finding[] {
  const etcd = draft.services?.etcd;
  const { datastore } = draft;
  const texts: readonly (readonly [Path, string | undefined, (pem: string) => Mistake | null])[] = [
    [['services', 'etcd', 'ca_cert'], etcd?.ca_cert, checkCertificates],
    [['services', 'etcd', 'cert'], etcd?.cert, checkCertificates],
    [['services', 'etcd', 'key'], readKey(etcd?.key, context), checkPrivateKey],
    [
      ['services', 'etcd', 'backup_config', 's3backupconfig', 'custom_ca'],
      etcd?.backup_config?.s3backupconfig?.custom_ca,
      checkCertificates,
    ],
  ];
  const files: readonly (readonly [Path, string | undefined, (pem: string) => Mistake | null])[] = [
    [['datastore', 'ca'], datastore?.ca, checkCertificates],
    [['datastore', 'cert'], datastore?.cert, checkCertificates],
    [['datastore', 'key'], datastore?.key, checkPrivateKey],
  ];
  return [
    ...texts.flatMap(([path, pem, check]) => toFindings(path, pem === undefined ? null : check(pem))),
    ...files.flatMap(([path, name, check]) =>
      toFindings(path, name === undefined ? null : checkFile(name, check, context)),
    ),
  ];
}

function toFindings(path: Path, mistake: Mistake | null): readonly Finding[] {
  return mistake === null ? [] : [findingAt(path, mistake)];
}

/** The key's text; nothing where a source of secrets cannot be read, which another rule says, or is a command. */
function readKey(written: string | undefined, context: RuleContext): string | undefined {
  if (written === undefined || !isSecretSource(written)) return written;
  const read = lookUpSecret(written, context);
  return read instanceof Secret && read.reveal() !== '' ? read.reveal() : undefined;
}

function checkFile(
  name: string,
  check: (pem: string) => Mistake | null,
  { env, toAbsolute }: RuleContext,
): Mistake | null {
  const path = toAbsolute(name);
  const bytes = env.readFile(path);
  if (bytes instanceof Error) {
    const code = 'code' in bytes ? bytes.code : undefined;
    return {
      code: 'file-missing',
      message: `The file ${path} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? bytes.message})`}.`,
      hint: 'Correct the path; a relative one begins in the folder of cluster.yml.',
    };
  }
  const mistake = check(new TextDecoder().decode(bytes));
  return (
    mistake && {
      ...mistake,
      message: `${path}: ${mistake.message}`,
      hint: 'Name a PEM file, or make this one again.',
    }
  );
}
