import type { Rke2ctlError } from '../../domain/errors.ts';
import { authFailed, type ConnectFailure, connectFailed } from '../connect-errors.ts';
import { type HostKeyOwner, refuseChanged, refuseRevoked, refuseUnknown } from '../host-keys.ts';
import type { KnownHost } from '../known-hosts.ts';
import type { SshHost } from '../ssh-host.ts';

/** What is known of a hop beside what its client wrote. */
export interface LogContext {
  readonly host: SshHost;
  readonly knownHosts: string;
  /** Finds the line of known_hosts that the client calls offending. */
  readonly readEntry: (file: string, line: number) => KnownHost | undefined;
  /** Why keys could not be used, as far as we know ourselves. */
  readonly problems: readonly Rke2ctlError[];
}

const FAILURES: readonly (readonly [RegExp, ConnectFailure])[] = [
  [/Could not resolve hostname/i, 'host-not-found'],
  [/administratively prohibited/i, 'forwarding-prohibited'],
  [/Connection refused/i, 'connection-refused'],
  [/No route to host|Network is unreachable|Host is down/i, 'host-unreachable'],
  [/timed out|Timeout, server/i, 'connect-timeout'],
  [/Unable to negotiate|no matching .* found/i, 'no-common-algorithm'],
  [/banner line contains invalid|Bad remote protocol version|invalid format of protocol/i, 'not-ssh'],
  [/Connection (closed|reset)|kex_exchange_identification|Broken pipe/i, 'connection-dropped'],
];

/** Why OpenSSH's client did not connect, from the log it wrote at DEBUG1; null when the log tells of no failure. */
export function classifyLog(log: string, context: LogContext): Rke2ctlError | null {
  const { host } = context;
  const words = log.split('\n').filter((line) => line !== '' && !/^debug\d:/.test(line));
  const text = words.join('\n');
  const keyError = classifyHostKey(log, text, context);
  if (keyError !== null) return keyError;
  const denied = /Permission denied \(([^)]*)\)/.exec(text);
  if (denied !== null || /Too many authentication failures/i.test(text)) {
    return authFailed(host, {
      offered: [...log.matchAll(/Offering public key: (.+)/g)].map((match) => match[1] ?? ''),
      problems: context.problems,
      accepted: denied?.[1]?.split(',') ?? [],
      detail: text,
    });
  }
  const failure = FAILURES.find(([pattern]) => pattern.test(text));
  if (failure !== undefined) return connectFailed(failure[1], host, lastWords(words));
  return words.length === 0 ? null : connectFailed('connect-failed', host, lastWords(words));
}

/**
 * Why a hop could not pass the connection on, from its client's log; the error is about `next`, the host that it was to
 * be passed on to. Null when the hop passed it on, or was never reached.
 */
export function classifyForward(log: string, next: SshHost): Rke2ctlError | null {
  const reason = /channel \d+: open failed: (.+)/.exec(log)?.[1];
  if (reason === undefined) return null;
  const failure = [...FAILURES, [/not known|name resolution/i, 'host-not-found'] as const].find(([pattern]) =>
    pattern.test(reason),
  );
  return connectFailed(failure?.[1] ?? 'connect-failed', next, `through the bastion: ${reason.trim()}`);
}

function classifyHostKey(log: string, text: string, context: LogContext): Rke2ctlError | null {
  const owner: HostKeyOwner = { name: context.host.hostKeyName, target: context.host.target };
  const shown = shownHostKey(log) ?? 'one that was not told';
  const place = /Offending \S+ key in (.+):(\d+)/.exec(text);
  const entry = place === null ? undefined : context.readEntry(place[1] ?? '', Number(place[2]));
  if (/REVOKED HOST KEY|marked as revoked/i.test(text)) return refuseRevoked(owner, shown, entry);
  if (/HOST IDENTIFICATION HAS CHANGED/i.test(text)) return refuseChanged(owner, shown, entry);
  if (/host key is known for|Host key verification failed/i.test(text)) {
    return refuseUnknown(owner, shown, context.knownHosts, null);
  }
  return null;
}

/** `ssh-ed25519 SHA256:…` as the log tells it; null before the host has shown its key. */
export function shownHostKey(log: string): string | null {
  return /Server host key: (\S+ SHA256:\S+)/.exec(log)?.[1] ?? null;
}

function lastWords(words: readonly string[]): string {
  return words.at(-1)?.trim() ?? 'the client gave no reason';
}
