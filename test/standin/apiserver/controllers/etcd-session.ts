import { setTimeout as sleep } from 'node:timers/promises';
import type { EtcdClient } from '../etcd-client.ts';
import { type EtcdTxnResponse, encodeText } from '../etcd-messages.ts';

/** Keys that are no Kubernetes objects lie outside /registry. */
export const PRIVATE_PREFIX = '/rke2-standin/';

const LEADER_KEY = encodeText(`${PRIVATE_PREFIX}leader`);
const LEADER_TTL_SECONDS = 5;
const RENEWALS_PER_TTL = 4;

/** A lease of this many seconds; keys bound to it go when it is not renewed. */
export async function grantLease(etcd: EtcdClient, seconds: number): Promise<string> {
  const { ID } = await etcd.call<{ ID: string }>('/v3/lease/grant', { TTL: String(seconds) });
  return ID;
}

/** False when the lease has run out. */
export async function renewLease(etcd: EtcdClient, id: string, timeoutMs: number): Promise<boolean> {
  const { result } = await etcd.call<{ result: { TTL?: string } }>(
    '/v3/lease/keepalive',
    { ID: id },
    { timeoutMs },
  );
  return Number(result.TTL ?? '0') > 0;
}

/** Ends a lease, and with it its keys; an etcd that does not answer lets it run out by itself. */
export async function revokeLease(etcd: EtcdClient, id: string): Promise<void> {
  try {
    await etcd.call('/v3/lease/revoke', { ID: id }, { timeoutMs: 1_000 });
  } catch {
    // It runs out within its time to live.
  }
}

async function campaign(etcd: EtcdClient, lease: string): Promise<boolean> {
  const answer = await etcd.call<EtcdTxnResponse>('/v3/kv/txn', {
    compare: [{ key: LEADER_KEY, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
    success: [{ request_put: { key: LEADER_KEY, value: encodeText(String(process.pid)), lease } }],
  });
  return answer.succeeded === true;
}

async function keepWhileRenewed(etcd: EtcdClient, lease: string, signal: AbortSignal): Promise<void> {
  const interval = (LEADER_TTL_SECONDS * 1000) / RENEWALS_PER_TTL;
  while (!signal.aborted) {
    await sleep(interval, undefined, { signal }).catch(() => undefined);
    if (signal.aborted || !(await renewLease(etcd, lease, interval * 2))) return;
  }
}

/**
 * Runs `lead` in at most one of several processes over one etcd. Its signal aborts when the lead is lost; then the
 * process waits for its turn again, until its own signal aborts.
 */
export async function takeTurns(
  etcd: EtcdClient,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let lease = '';
    const turn = new AbortController();
    try {
      lease = await grantLease(etcd, LEADER_TTL_SECONDS);
      if (await campaign(etcd, lease)) {
        const work = lead(AbortSignal.any([turn.signal, signal]));
        try {
          await Promise.race([keepWhileRenewed(etcd, lease, signal), work]);
        } finally {
          // Nobody else may lead before the work has stopped.
          turn.abort();
          await work;
        }
      }
    } catch (error) {
      process.stderr.write(`W controllers: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    turn.abort();
    if (lease !== '') await revokeLease(etcd, lease);
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
}
