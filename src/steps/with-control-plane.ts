import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeKey } from '../domain/cluster.ts';
import { ConnectError, ConnectionLostError, RemoteCommandError, TimeoutError } from '../domain/errors.ts';
import type { Host } from '../host/host.ts';
import { runKubectl } from '../host/run-kubectl.ts';
import type { StepContext } from './step-handler.ts';

/** While etcd chooses a new leader, and while a server is restarted, no API may answer for a moment. */
const PATIENCE_MS = 60_000;
const POLL_MS = 1_000;
const ASK_TIMEOUT_MS = 15_000;

/** What an API server says while the etcd behind it changes its leader or a member, and when it goes away itself. */
const TRANSIENT =
  /leader changed|request timed out|connection refused|connection reset|TLS handshake timeout|unexpected EOF|server is currently unable/i;

/**
 * Does `work` by the first of `via` that is connected and whose API answers. When that one is lost in the middle, `work`
 * runs again by the next: it must look before it acts. Throws ConnectError `no-control-plane`, which says of each what is
 * wrong, when none has answered for a minute.
 */
export async function withControlPlane<T>(
  via: readonly NodeKey[],
  context: StepContext,
  work: (host: Host) => Promise<T>,
): Promise<T> {
  const patienceMs = Math.min(context.timeoutMs, PATIENCE_MS);
  const complaints = new Map<NodeKey, string>();
  let deadline = Date.now() + patienceMs;
  for (let worked = 0; worked <= via.length + 1; ) {
    for (const key of via) {
      const host = await findAnswering(key, context, complaints);
      if (host === null) continue;
      try {
        return await work(host);
      } catch (error) {
        const isTransient = error instanceof RemoteCommandError && TRANSIENT.test(error.stderr);
        if (!isLoss(error) || (!isTransient && (await answers(host, context)) === null)) throw error;
        if (worked > via.length) throw error;
        complaints.set(key, 'was lost in the middle');
        deadline = Date.now() + patienceMs;
        worked += 1;
      }
    }
    if (via.length === 0 || Date.now() > deadline) break;
    context.progress('waits for an API server that answers');
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
  throw noControlPlane(complaints);
}

async function findAnswering(
  key: NodeKey,
  context: StepContext,
  complaints: Map<NodeKey, string>,
): Promise<Host | null> {
  let host: Host;
  try {
    host = context.host(key);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    complaints.set(key, 'not connected');
    return null;
  }
  const complaint = await answers(host, context);
  if (complaint === null) return host;
  complaints.set(key, complaint);
  return null;
}

/** null when the API server there answers; else what is wrong. */
async function answers(host: Host, { cluster, signal }: StepContext): Promise<string | null> {
  try {
    await runKubectl(host, ['get', '--raw', '/readyz'], {
      what: 'Asking the API server',
      timeoutMs: ASK_TIMEOUT_MS,
      dataDir: cluster.dataDir,
      signal,
    });
    return null;
  } catch (error) {
    if (!isLoss(error)) throw error;
    if (error instanceof ConnectionLostError) return 'the connection is lost';
    return error instanceof RemoteCommandError ? lastLine(error.stderr) : 'the API server does not answer';
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() || 'the API server does not answer';
}

/** What may mean that this server, and not the work, is at fault. */
function isLoss(error: unknown): boolean {
  return (
    error instanceof ConnectionLostError ||
    error instanceof RemoteCommandError ||
    error instanceof TimeoutError
  );
}

function noControlPlane(complaints: ReadonlyMap<NodeKey, string>): ConnectError {
  const lines = [...complaints].map(([key, words]) => `  ${key}: ${words}`);
  return new ConnectError({
    code: 'no-control-plane',
    message: [
      lines.length === 0
        ? 'There is no control plane through which this could be done.'
        : 'No API server answers, so the cluster cannot be told:',
      ...lines,
    ].join('\n'),
    hint: 'See what is wrong with `rke2ctl status`; once a control plane answers, run the same command again: it continues where this run stopped.',
  });
}
