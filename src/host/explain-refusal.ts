import { AuthError, type ErrorDetails, RemoteCommandError, type Rke2ctlError } from '../domain/errors.ts';
import type { Elevation } from './loader.ts';

/** What is known of a command that ended before its script ran. */
export interface Refusal {
  readonly target: string;
  readonly elevation: Elevation | 'none' | null;
  /** What sudo, the login shell or sshd said. */
  readonly words: string;
  readonly passwordGiven: boolean;
  readonly passwordMissing: boolean;
  readonly exitCode: number;
}

const PASSWORD_HINT =
  'Run it from a terminal to be asked, or put the password into a file (mode 0600) and name it in RKE2CTL_SUDO_PASSWORD_FILE.';

/** Why a host did not let us become root, as an error that says what to do. */
export function explainRefusal(refusal: Refusal): Rke2ctlError {
  const { target, words } = refusal;
  if (refusal.elevation === 'none') {
    return new AuthError({
      code: 'sudo-missing',
      message: `${target} is neither root nor is there a sudo to become root with.`,
      hint: 'Install sudo on the host and allow this user to use it, or set `user: root` for this node.',
    });
  }
  if (refusal.elevation === null || refusal.elevation === 'root') return unusableShell(refusal);
  if (refusal.passwordMissing) {
    return new AuthError({
      code: 'sudo-password-missing',
      message: `sudo on ${target} asks for a password, and none was given.`,
      hint: PASSWORD_HINT,
    });
  }
  const known = KNOWN_WORDS.find(({ pattern }) => pattern.test(words));
  if (known !== undefined) return new AuthError(known.explain(target));
  if (refusal.passwordGiven) {
    return new AuthError({
      code: 'sudo-password-wrong',
      message: `sudo on ${target} refused the password${said(words)}.`,
      hint: `It was tried once, so that no account is locked. ${PASSWORD_HINT}`,
    });
  }
  return new AuthError({
    code: 'sudo-refused',
    message: `sudo on ${target} did not make us root${said(words)}.`,
    hint: `Log in as this user and try \`sudo -k; sudo id\`: what it says there is what has to be mended.`,
  });
}

/** sudo runs, but neither asks for the password nor begins: it wants something else, a second factor most likely. */
export function silentSudo(target: string, words: string): AuthError {
  return new AuthError({
    code: 'sudo-silent',
    message: `sudo on ${target} waits for something other than a password${said(words)}.`,
    hint: 'rke2ctl can answer a password only. Let the user run sudo without a second factor on the cluster hosts (NOPASSWD in sudoers), or use another `user`.',
  });
}

const KNOWN_WORDS: readonly { readonly pattern: RegExp; explain(target: string): ErrorDetails }[] = [
  {
    pattern: /not in the sudoers file/,
    explain: (target) => ({
      code: 'sudo-not-allowed',
      message: `${target} is not in the sudoers file of that host: sudo knows the password but not the right.`,
      hint: 'Let an administrator add the user (Debian: group sudo; RHEL and SUSE: group wheel), or use another `user`.',
    }),
  },
  {
    pattern: /is not allowed to (execute|run)|may not run sudo/,
    explain: (target) => ({
      code: 'sudo-not-allowed',
      message: `sudo on ${target} lets this user run some commands as root, but not /bin/sh, which rke2ctl needs.`,
      hint: 'Allow the user `ALL` commands in sudoers, at least for as long as rke2ctl works on the host.',
    }),
  },
  {
    pattern: /must have a tty/,
    explain: (target) => ({
      code: 'sudo-requires-tty',
      message: `sudo on ${target} only works on a terminal (\`requiretty\` in its sudoers), and rke2ctl has none there.`,
      hint: 'Add `Defaults:USER !requiretty` to a file in /etc/sudoers.d with visudo, USER being the login user.',
    }),
  },
  {
    pattern: /password (is )?expired|account .*expired|[Pp]assword change required/,
    explain: (target) => ({
      code: 'sudo-password-expired',
      message: `The password or account of ${target} has expired, so sudo does not accept it.`,
      hint: 'Log in there by hand, set a new password with `passwd`, and run the same command again.',
    }),
  },
];

function unusableShell(refusal: Refusal): Rke2ctlError {
  const { target, words, exitCode } = refusal;
  return new RemoteCommandError({
    code: 'shell-unusable',
    message: `${target} accepted the login but ran no command (exit code ${exitCode})${said(words)}.`,
    hint: 'The user needs a login shell that runs `/bin/sh -c`; look at its entry in /etc/passwd and at forced commands in authorized_keys.',
    exitStatus: exitCode,
    stderr: words,
  });
}

/** What sudo says after every wrong password; it would only repeat our own message. */
const EMPTY_WORDS =
  /^Sorry, try again\.$|no password was provided|incorrect password attempt|a password is required/;

function said(words: string): string {
  const lines = words.split('\n').filter((line) => line.trim() !== '' && !EMPTY_WORDS.test(line));
  const last = lines.slice(-3).join(' / ');
  return last === '' ? '' : `: ${last.replace(/\.$/, '')}`;
}
