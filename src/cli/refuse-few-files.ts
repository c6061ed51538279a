import { readFileSync } from 'node:fs';
import { Rke2ctlError } from '../domain/errors.ts';

/** Beside the connections: the program itself, state, lock, log, journal, trace. */
const OWN_FILES = 40;

/**
 * Throws where this process may not hold a connection to every host open at once: half of them would only seem not to
 * answer. Node has raised the limit as far as it may. Where the system does not tell, nothing is refused.
 */
export function refuseFewFiles(hosts: number, limits: string = readLimits()): void {
  const most = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  if (most === undefined || hosts + OWN_FILES <= Number(most)) return;
  throw new Rke2ctlError({
    code: 'too-few-open-files',
    message: `${hosts} hosts need about ${hosts + OWN_FILES} open files, one for each connection, and this process may have ${most}. Nothing was done.`,
    hint: 'Raise the hard limit (`ulimit -Hn` shows it): as root `ulimit -n 4096`, for good `nofile` in /etc/security/limits.conf or LimitNOFILE= of the service.',
    exitCode: 3,
  });
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
