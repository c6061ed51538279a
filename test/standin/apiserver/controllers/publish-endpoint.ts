import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiContext } from '../api-context.ts';
import type { EtcdClient } from '../etcd-client.ts';
import { decodeText, type EtcdRangeResponse, encodeText, endOfPrefix } from '../etcd-messages.ts';
import type { KubeObject } from '../kube-object.ts';
import { prepareCreate } from '../prepare-object.ts';
import { builtin } from '../resource-catalog.ts';
import { StatusError } from '../status-error.ts';
import { grantLease, PRIVATE_PREFIX, renewLease, revokeLease } from './etcd-session.ts';

const FOLDER = `${PRIVATE_PREFIX}masterleases/`;
const TTL_SECONDS = 15;
const INTERVAL_MS = 5_000;

async function readAddresses(etcd: EtcdClient): Promise<readonly string[]> {
  const message = { key: encodeText(FOLDER), range_end: encodeText(endOfPrefix(FOLDER)) };
  const answer = await etcd.call<EtcdRangeResponse>('/v3/kv/range', message, { isRead: true });
  return (answer.kvs ?? []).map((pair) => decodeText(pair.key).slice(FOLDER.length)).sort();
}

async function writeEndpoints(
  context: ApiContext,
  addresses: readonly string[],
  port: number,
): Promise<void> {
  const resource = builtin('services/endpoints');
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  const subsets = addresses.length === 0 ? [] : [{ addresses: addresses.map((ip) => ({ ip })), ports }];
  const metadata = { name: 'kubernetes', namespace: 'default' };
  const endpoints: KubeObject = { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets };
  if ((await context.store.find(resource, 'default', 'kubernetes')) === undefined) {
    try {
      await context.store.create(resource, prepareCreate(resource, endpoints));
      return;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  }
  await context.store.update(resource, 'default', 'kubernetes', (current) => ({
    next: { ...current, subsets },
  }));
}

/**
 * Keeps this server's address in the Endpoints `kubernetes`, and takes out those of servers that are gone for fifteen
 * seconds; agents learn from it where API servers are.
 */
export async function publishEndpoint(
  etcd: EtcdClient,
  context: ApiContext,
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  let lease = '';
  while (!signal.aborted) {
    try {
      if (lease === '' || !(await renewLease(etcd, lease, INTERVAL_MS))) {
        lease = await grantLease(etcd, TTL_SECONDS);
        await etcd.call('/v3/kv/put', { key: encodeText(FOLDER + address), value: '', lease });
      }
      await writeEndpoints(context, await readAddresses(etcd), port);
    } catch (error) {
      process.stderr.write(`W endpoints: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
  if (lease !== '') await revokeLease(etcd, lease);
}
