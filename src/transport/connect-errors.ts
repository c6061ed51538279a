import { AuthError, ConnectError, type Rke2ctlError } from '../domain/errors.ts';
import type { SshHost } from './ssh-host.ts';

interface Words {
  readonly message: string;
  readonly hint: string;
  readonly retryable?: boolean;
}

/** Why a connection did not come about, in every form that both SSH clients can tell. */
export type ConnectFailure =
  | 'host-not-found'
  | 'connection-refused'
  | 'host-unreachable'
  | 'connect-timeout'
  | 'connection-dropped'
  | 'no-common-algorithm'
  | 'not-ssh'
  | 'forwarding-prohibited'
  | 'connect-failed';

/** Builds the ConnectError for `kind`; `detail` is the client's own word for it. */
export function connectFailed(
  kind: ConnectFailure,
  host: SshHost,
  detail: string,
  cause?: unknown,
): ConnectError {
  const { message, hint, retryable } = explain(kind, host, detail);
  return new ConnectError({ code: kind, message, hint, retryable: retryable ?? true, cause });
}

function explain(kind: ConnectFailure, host: SshHost, detail: string): Words {
  const { target, address, port } = host;
  switch (kind) {
    case 'host-not-found':
      return {
        message: `${target}: the name ${address} does not resolve (${detail}).`,
        hint: 'Check the spelling of `address` and your DNS, or write the IP address.',
      };
    case 'connection-refused':
      return {
        message: `${target} refused the connection: nothing listens on port ${port} there.`,
        hint: `Check \`port\`, and on the machine that sshd runs (\`systemctl status ssh sshd\`) and that its firewall lets you in.`,
      };
    case 'host-unreachable':
      return {
        message: `${target} cannot be reached from here: ${detail}.`,
        hint: 'Check that the machine is on, the address, and the route to it (VPN?). If it is only reachable through another machine, name that as `bastion_host`.',
      };
    case 'connect-timeout':
      return {
        message: `${target} did not answer in time (${detail}).`,
        hint: 'Check that the machine is on and that no firewall drops the packets on the way; a slow line needs a longer `ssh.connect_timeout`.',
      };
    case 'connection-dropped':
      return {
        message: `${target} closed the connection before it was set up: ${detail}.`,
        hint: 'sshd does so when too many connect at once (MaxStartups), when a ban (fail2ban, hosts.deny) is in force, or when it restarts; its log tells (`journalctl -u ssh -u sshd`).',
      };
    case 'no-common-algorithm':
      return {
        message: `${target} and rke2ctl share no way to encrypt: ${detail}.`,
        hint: 'Set `ssh.client: openssh`, which knows every algorithm your own ssh knows.',
        retryable: false,
      };
    case 'not-ssh':
      return {
        message: `What answers at ${target} does not speak SSH: ${detail}.`,
        hint: 'Check `address` and `port`.',
        retryable: false,
      };
    case 'forwarding-prohibited':
      return {
        message: `${target} could not be reached: the bastion does not allow connections to be passed on (administratively prohibited).`,
        hint: "Set `AllowTcpForwarding yes` (and a `PermitOpen` that covers the nodes) in the bastion's sshd_config, and reload its sshd.",
        retryable: false,
      };
    case 'connect-failed':
      return {
        message: `${target} could not be connected to: ${detail}.`,
        hint: `Try \`ssh -v -p ${port} ${host.user}@${address}\`, which shows each step on the way.`,
      };
  }
}

/** What was offered to a host and what could not be, for the error when none of it let us in. */
export interface AuthAttempt {
  readonly offered: readonly string[];
  readonly problems: readonly Rke2ctlError[];
  /** What the host would have accepted, in its own words: `publickey`, `password`. Empty when it did not tell. */
  readonly accepted: readonly string[];
  readonly detail: string;
}

/** None of the keys opened the host. The hint is about the first key that could not be offered, if there is one. */
export function authFailed(host: SshHost, attempt: AuthAttempt): AuthError {
  const { offered, problems, accepted } = attempt;
  const tried = offered.length === 0 ? 'No key could be offered' : `Refused were: ${offered.join(', ')}`;
  const methods =
    accepted.length > 0 && !accepted.includes('publickey')
      ? ` The host takes no keys at all, only ${accepted.join(', ')}.`
      : '';
  const faults = problems.map((problem) => ` ${problem.message}`).join('');
  const tooMany = /too many authentication failures/i.test(attempt.detail);
  return new AuthError({
    code:
      problems.length > 0 && offered.length === 0
        ? (problems[0]?.code ?? 'ssh-auth-failed')
        : 'ssh-auth-failed',
    message: `${host.target} did not let us in. ${tried}.${tooMany ? ' It hung up after too many keys.' : ''}${methods}${faults}`,
    hint: problems[0]?.hint ?? authHint(host, tooMany, methods !== ''),
    retryable: offered.length > 0,
  });
}

function authHint(host: SshHost, tooMany: boolean, noKeys: boolean): string {
  if (tooMany)
    return 'Name the one right key as `ssh_key_path`, or take keys out of your agent (`ssh-add -d`).';
  if (noKeys) return "Set `PubkeyAuthentication yes` in the host's sshd_config and reload its sshd.";
  return (
    `Put the public key into ~${host.user}/.ssh/authorized_keys on the host ` +
    `(\`ssh-copy-id -p ${host.port} ${host.user}@${host.address}\`), or name the right key as \`ssh_key_path\` and the right \`user\`.`
  );
}

/** The same error, told of a bastion on the way to `target`. */
export function onTheWayTo(target: string, error: unknown): unknown {
  if (!(error instanceof ConnectError || error instanceof AuthError)) return error;
  const { code, hint, retryable } = error;
  const details = {
    code,
    hint,
    retryable,
    message: `On the way to ${target}: ${error.message}`,
    cause: error,
  };
  return error instanceof AuthError ? new AuthError(details) : new ConnectError(details);
}
