import { quoteWord, quoteWords } from '../lib/shell-quote.ts';

/** How commands become root on a host; learned with the first one. */
export type Elevation = 'root' | 'sudo' | 'sudo-password';

/** A script on its way: `line` is what the login shell runs, `input` what must come first on its stdin. */
export interface LoadedScript {
  readonly line: string;
  readonly input: Buffer;
}

/** What a login may bring along that changes what bash, systemd's tools or ls say to our scripts. */
const UNWANTED =
  'BASH_ENV QUOTING_STYLE SYSTEMD_LOG_LEVEL SYSTEMD_LOG_TARGET SYSTEMD_LOG_LOCATION SYSTEMD_LOG_TIME';

const END = '#rke2ctl-script-ends-here';

/**
 * Packs a script so that it travels on stdin: no length limit, no quoting inside quoting, nothing but a short loader in
 * `ps` and in sudo's log. What follows `input` on stdin belongs to the script. Once it is root the loader says
 * `<mark> ready <pid>` on stderr, and the words of sudo and of login shells end there. Where `elevation` is not known
 * (null) the line finds out and says `<mark> elevation …` first; `input` may be on its way by then, so the line throws it
 * away before it lets sudo read a password, and it has to be sent again. A script that arrives cut off is never run.
 */
export function loadScript(
  mark: string,
  elevation: Elevation | null,
  script: string,
  args: readonly string[],
  label: string,
): LoadedScript {
  const input = Buffer.from(`set -- ${quoteWords(args)}\n${script}\n${END}`);
  // dd takes exactly these bytes; a read-ahead would swallow the data that follows.
  const takeInput = `dd bs=${input.length} count=1 iflag=fullblock 2>/dev/null`;
  const loader = [
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin LC_ALL=C; export PATH LC_ALL; umask 077; cd /',
    `unset ${UNWANTED}`,
    `echo ${mark} ready $$ >&2`,
    `s=$(${takeInput})`,
    `case $s in *${END}) eval "$s";; *) echo "the script arrived incomplete" >&2; exit 125;; esac`,
  ].join('; ');
  return { line: elevate({ mark, loader, label, takeInput }, elevation), input };
}

/** sudo's own prompt, by which we know that it waits for the password. */
export function passwordPrompt(mark: string): string {
  return `${mark} password:`;
}

interface Load {
  readonly mark: string;
  readonly loader: string;
  readonly label: string;
  readonly takeInput: string;
}

function elevate({ mark, loader, label, takeInput }: Load, elevation: Elevation | null): string {
  const shell = `/bin/sh -c ${quoteWord(loader)} ${quoteWord(label)}`;
  const withPassword = `exec sudo -S -k -p ${quoteWord(passwordPrompt(mark))} ${shell}`;
  if (elevation === 'root') return `exec ${shell}`;
  if (elevation === 'sudo') return `exec sudo -n ${shell}`;
  if (elevation === 'sudo-password') return withPassword;
  // Each sudo costs the host as much as ten other programs: the first try is the run itself, which says by a signal that
  // it has come that far. Without a password sudo ends before it reads a byte of stdin.
  const telling = `/bin/sh -c ${quoteWord('kill -s USR1 ')}$me${quoteWord(`; ${loader}`)} ${quoteWord(label)}`;
  // One line without `!` or backslashes goes through every login shell as it is. Root owns the first process, whoever may see it.
  return [
    `if [ -O /proc/1 ]; then echo ${mark} elevation root >&2; exec ${shell}; fi`,
    `if command -v sudo >/dev/null 2>&1; then echo ${mark} elevation sudo >&2; read -r me _ </proc/self/stat; began=no; trap began=yes USR1`,
    `sudo -n -k ${telling}`,
    `code=$?; if [ $began = yes ]; then exit $code; fi; trap - USR1; ${takeInput} of=/dev/null`,
    `echo ${mark} elevation sudo-password >&2; ${withPassword}; fi`,
    `if [ "$(id -u)" = 0 ]; then echo ${mark} elevation root >&2; exec ${shell}; fi`,
    `echo ${mark} elevation none >&2; exit 126`,
  ].join('; ');
}
