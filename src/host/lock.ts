import { ConnectError, LockedError, RemoteCommandError, Rke2ctlError } from '../domain/errors.ts';
import type { RemoteProcess } from '../transport/transport.ts';

/** After how long without a sign of life from the operator's side the host lets go of the lock. */
export const LOCK_PATIENCE_SECONDS = 90;

const HEARTBEAT_MS = 30_000;
/**
 * How long to wait for a lock that is taken, in fifths of a second (not every sleep knows fractions). Long enough for the far
 * end to see that the run before has gone, for which nobody has waited; so short that half of it, by which a host's clock
 * then seems to be off, is no clock that is wrong.
 */
const WAITS = 15;
const EXIT_TAKEN = 75;
const EXIT_NO_FLOCK = 69;

/** A host's lock in our hands. */
export interface HeldLock {
  /** Lets go of it, and waits for nothing. Over ssh2 it falls when the connection is closed, which must come next. May be called again. */
  release(): void;
  /** `aborted` once the lock was lost before `release`: the connection fell or somebody killed the holder. */
  readonly lost: Pick<AbortSignal, 'aborted'>;
}

/** Who holds a lock: `alice@laptop (pid 4711), up`, and since when its run goes, in ISO 8601; now, where that is nobody's business. */
export interface LockHolder {
  readonly holder: string;
  readonly since?: string;
}

/** What `ps` on the host shows of the holder, and what others are told. */
export function lockLabel({ holder, since }: LockHolder): string {
  return `locked by ${holder} since ${since ?? new Date().toISOString()}`;
}

/** The line that tells that the lock is held and `body` is done. */
export function lockedMark(mark: string): string {
  return `${mark} locked`;
}

/**
 * Takes the host's lock before `body` runs and keeps it afterwards until stdin ends, or until no line came for a while:
 * sshd may notice hours later that an operator's machine is gone. (Without timeout(1) only the end of the connection lets
 * go of it.) $1: the mark of the answer; $2: patience in seconds. Why is said here: every host is sent the script.
 * An flock falls with its process, whatever happens to it, so it can never be stale; nothing is written for it. Those
 * who try use descriptor 8, the one who holds another one (9, or where the shell puts that aside): so they are told apart.
 */
export function lockedScript(body: string): string {
  return `
LOCK=/etc/machine-id MARK=$1 PATIENCE=$2
[ -r "$LOCK" ] || LOCK=/etc
command -v flock >/dev/null 2>&1 || exit ${EXIT_NO_FLOCK}
exec 8<"$LOCK"
waits=${WAITS}
until flock -n 8; do
  if [ "$waits" -gt 0 ]; then
    waits=$((waits - 1))
    sleep 0.2 2>/dev/null || { sleep 1; waits=$((waits - 4)); }
    continue
  fi
  for fd in /proc/[0-9]*/fd/*; do
    if [ "\${fd##*/}" = 8 ] || ! [ "$fd" -ef "$LOCK" ]; then continue; fi
    pid=\${fd#/proc/}
    pid=\${pid%%/*}
    [ -r "/proc/$pid/cmdline" ] && echo "$MARK holder $pid $(tr '\\0\\n' '  ' <"/proc/$pid/cmdline" | sed 's/.*rke2ctl: //')"
  done
  exit ${EXIT_TAKEN}
done
exec 9<&8 8<&-
(
${body}
) 9<&- </dev/null
echo "$MARK locked"
if command -v timeout >/dev/null 2>&1; then
  while timeout "$PATIENCE" /bin/sh -c 'IFS= read -r line' 9<&-; do :; done
else
  while IFS= read -r line; do :; done
fi
exit 0
`;
}

/** What was asked, and how it ended. */
export interface FailedLock {
  readonly target: string;
  readonly mark: string;
  readonly output: string;
  /** Ourselves; null where no lock was asked for. */
  readonly asker: LockHolder | null;
}

/** The error behind a locked script that ended before its answer: locked by whom, or no means to lock, or `error`. */
export function explainLockFailure({ target, mark, output, asker }: FailedLock, error: unknown): unknown {
  if (!(error instanceof RemoteCommandError)) return error;
  if (error.exitStatus === EXIT_NO_FLOCK) {
    return new Rke2ctlError({
      code: 'flock-missing',
      message: `${target} has no flock(1), so two runs at once could not be kept apart there. Nothing was changed.`,
      hint: 'Install the package util-linux on the host and run the same command again.',
    });
  }
  if (error.exitStatus !== EXIT_TAKEN) return error;
  const line = output.split('\n').find((candidate) => candidate.startsWith(`${mark} holder `)) ?? '';
  const [, pid, holder, since] = / holder (\d+) locked by (.*) since (\S+)/.exec(line) ?? [];
  if (asker !== null && holder === asker.holder && since === asker.since) return sameMachine(target);
  const who =
    holder === undefined
      ? 'by another program that holds /etc/machine-id'
      : `by ${holder} since ${since?.slice(0, 16).replace('T', ' ')} UTC (process ${pid} on the host)`;
  return new LockedError(
    `${target} is locked ${who}. Nothing was changed there.`,
    `Wait until that run has ended, or stop it where it runs: the lock falls with it. If its machine is gone, the host lets go of it ${LOCK_PATIENCE_SECONDS} s later by itself.`,
  );
}

/** The run itself holds it: the machine is known to it under another address, or a connection of its own is still falling. */
function sameMachine(target: string): ConnectError {
  return new ConnectError({
    code: 'same-machine',
    message: `${target} is a machine that this run has reached at another address already.`,
    hint: 'Nothing need be done where the address has changed. A machine may stand in the file once only.',
    retryable: true,
  });
}

/** Keeps the lock of a running locked script alive until it is released. */
export function holdLock(process: RemoteProcess): HeldLock {
  const lost = { aborted: false };
  const heartbeat = setInterval(() => void process.write('\n').catch(() => undefined), HEARTBEAT_MS);
  heartbeat.unref();
  let isReleased = false;
  void process.result
    .catch(() => undefined)
    .then(() => {
      clearInterval(heartbeat);
      if (!isReleased) lost.aborted = true;
    });
  return {
    lost,
    release: () => {
      isReleased = true;
      clearInterval(heartbeat);
      process.end('forgotten');
    },
  };
}
