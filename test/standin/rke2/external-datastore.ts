import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BootstrapData } from './bootstrap-data.ts';
import { loadBootstrapData, reconcileBootstrapData, writeBootstrapData } from './bootstrap-data.ts';
import type { EtcdClient } from './etcd-client.ts';
import { openEtcdClient } from './etcd-client.ts';
import type { ParsedFlags } from './flags.ts';
import { textOf } from './flags.ts';
import { CommandError, reasonOf } from './log.ts';
import type { Paths } from './paths.ts';

const RETRY_MS = 2000;

/** An etcd of somebody else's, in place of the server's own; the files are paths, each may be missing. */
export interface ExternalDatastore {
  readonly endpoints: readonly string[];
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What `datastore-*` say; undefined without an endpoint. Databases need kine, which the stand-in does not have. */
export function readExternalDatastore(flags: ParsedFlags): ExternalDatastore | undefined {
  const endpoint = textOf(flags, 'datastore-endpoint');
  if (endpoint === '') return undefined;
  const endpoints = endpoint.split(',').map((url) => url.trim().replace(/\/+$/, ''));
  const foreign = endpoints.find((url) => !/^https?:\/\//.test(url));
  if (foreign !== undefined) {
    throw new CommandError(`creating storage endpoint: the stand-in knows no datastore but etcd: ${foreign}`);
  }
  const file = (name: string): string | undefined => {
    const path = textOf(flags, `datastore-${name}file`);
    return path === '' ? undefined : path;
  };
  const [ca, cert, key] = [file('ca'), file('cert'), file('key')];
  return {
    endpoints,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** A client of the datastore. Throws in Go's words for a file that cannot be read. */
export function openExternalEtcd({ endpoints, ...files }: ExternalDatastore): EtcdClient {
  for (const path of Object.values(files)) {
    if (!existsSync(path)) throw new CommandError(`open ${path}: no such file or directory`);
    if (!/-----BEGIN /.test(readFileSync(path, 'utf8')))
      throw new CommandError('tls: failed to find any PEM data in certificate input');
  }
  return openEtcdClient(endpoints, endpoints[0]?.startsWith('https:') ? files : undefined);
}

/**
 * Brings the shared files from the datastore to the disk, so that this server becomes one of the cluster that lives there;
 * an empty one is left for this server to fill. A datastore that does not answer is waited for without an end.
 */
export async function bootstrapFromDatastore(
  datastore: ExternalDatastore,
  { paths, password, isNew }: { readonly paths: Paths; readonly password: string; readonly isNew: boolean },
): Promise<void> {
  const etcd = openExternalEtcd(datastore);
  const data = await waitForData(etcd, datastore, password);
  if (data === undefined) return;
  if (isNew) writeBootstrapData(paths, data);
  else reconcileBootstrapData(paths, data);
}

async function waitForData(
  etcd: EtcdClient,
  datastore: ExternalDatastore,
  password: string,
): Promise<BootstrapData | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await loadBootstrapData(etcd, password);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason.startsWith('bootstrap data already found')) throw error;
      logRetry(datastore.endpoints[0] ?? '', attempt, reason);
      await sleep(RETRY_MS);
    }
  }
}

/** The etcd client in RKE2 logs for itself, in JSON. */
function logRetry(endpoint: string, attempt: number, reason: string): void {
  const target = `etcd-endpoints://0xc000a3c1e0/${endpoint.replace(/^https?:\/\//, '')}`;
  const line = {
    level: 'warn',
    ts: new Date().toISOString().replace('Z', '000Z'),
    logger: 'etcd-client',
    caller: 'v3@v3.6.7-k3s1/retry_interceptor.go:68',
    msg: 'retrying of unary invoker failed',
    target,
    method: '/etcdserverpb.KV/Range',
    attempt,
    error: wordFailure(reason),
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** As gRPC words what went wrong below it. */
function wordFailure(reason: string): string {
  const dial = /dial tcp.*$/.exec(reason)?.[0];
  if (dial !== undefined)
    return `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: ${dial}"`;
  const alert = /alert ([a-z ]+?)(?::|$)/.exec(reason)?.[1];
  if (alert !== undefined)
    return `rpc error: code = Unavailable desc = connection error: desc = "error reading server preface: remote error: tls: ${alert}"`;
  const tls = /tls: .*$/.exec(reason)?.[0];
  if (tls !== undefined)
    return `rpc error: code = DeadlineExceeded desc = latest balancer error: last connection error: connection error: desc = "transport: authentication handshake failed: ${tls}"`;
  return `rpc error: code = Unavailable desc = ${reason}`;
}
