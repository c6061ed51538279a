import type { NodeFile } from '../../domain/cluster.ts';
import { ConfigError } from '../../domain/errors.ts';
import { Secret } from '../../domain/secret.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { DATASTORE_PATHS } from '../keys/services/etcd.ts';
import { isSecretSource, readSecret, type SecretContext } from '../secret-value.ts';
import type { Contribution } from './contribution.ts';

type Part = keyof typeof DATASTORE_PATHS;

const KEYS = { ca: 'datastore-cafile', cert: 'datastore-certfile', key: 'datastore-keyfile' } as const;

/** An external datastore, in RKE1's form or in ours: its endpoint, and the certificates as files on the servers. */
export function contributeDatastore(input: ClusterInput, context: SecretContext): Partial<Contribution> {
  const etcd = input.services?.etcd;
  if (input.datastore !== undefined) {
    const { endpoint, ...paths } = input.datastore;
    const isPlain = !isSecretSource(endpoint) && /^https?:\/\/[^@]*$/.test(endpoint);
    const named = isPlain
      ? { server: { 'datastore-endpoint': endpoint } }
      : { secrets: { 'datastore-endpoint': readSecret(endpoint, context) } };
    const contents = mapParts((part) => {
      const path = paths[part];
      return path === undefined ? null : readLocal(path, context);
    });
    return combine(named, contents);
  }
  if (etcd?.external_urls === undefined) return {};
  const pems = { ca: etcd.ca_cert, cert: etcd.cert, key: etcd.key };
  const contents = mapParts((part) => {
    const pem = pems[part];
    if (pem === undefined) return null;
    return part === 'key' ? readSecret(pem, context).reveal() : pem;
  });
  const endpoint = etcd.external_urls.map((url) => url.replace(/\/$/, '')).join(',');
  return combine({ server: { 'datastore-endpoint': endpoint } }, contents);
}

function combine(
  named: Partial<Contribution>,
  contents: Readonly<Record<Part, string | null>>,
): Partial<Contribution> {
  const files: NodeFile[] = [];
  const server: Record<string, string> = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const text = contents[part];
    if (text === null) continue;
    const content = part === 'key' ? new Secret(text) : text;
    files.push({ path: DATASTORE_PATHS[part], content, on: 'servers' });
    server[KEYS[part]] = DATASTORE_PATHS[part];
  }
  return { ...named, server: { ...named.server, ...server }, files };
}

function mapParts(read: (part: Part) => string | null): Record<Part, string | null> {
  return { ca: read('ca'), cert: read('cert'), key: read('key') };
}

/** A rule has found by then what cannot be read, so that this throws only if the file went away meanwhile. */
function readLocal(path: string, { env, toAbsolute }: SecretContext): string {
  const bytes = env.readFile(toAbsolute(path));
  if (!(bytes instanceof Error)) return new TextDecoder().decode(bytes);
  throw new ConfigError(`The file ${toAbsolute(path)} cannot be read: ${bytes.message}.`, []);
}
