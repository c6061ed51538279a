import { randomBytes } from 'node:crypto';
import type { Service } from '../domain/role.ts';
import { unitName } from '../rke2/paths.ts';
import type { RemoteProcess } from '../transport/transport.ts';
import { removeFiles } from './files.ts';
import type { Host } from './host.ts';
import { type ServiceTrouble, ServiceWatch, type UnitState, type WatchVerdict } from './service-watch.ts';

export interface StartOptions {
  readonly restart: boolean;
  /** A file (0600) that is there from before the start until the outcome's `end` takes it away. Nothing secret. */
  readonly guide?: { readonly path: string; readonly content: string };
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** The service's last words, as they come. */
  readonly onWords?: (words: string) => void;
  /** True for a fatal line after which another try cannot help; then the next restart is not waited for. */
  readonly recognise?: (line: string) => boolean;
}

export type ServiceOutcome =
  /** `end` is to be called, and takes the guide away if told so. */
  | { readonly ready: true; readonly end: (takeAway: boolean) => Promise<void> }
  /** `lines`: the journal of this start, oldest first, its end if it was long. */
  | {
      readonly ready: false;
      readonly trouble: ServiceTrouble | 'timeout';
      readonly lines: readonly string[];
    };

/**
 * Enables the service, starts it (or starts it anew) and waits until it is READY, by one command that streams the unit's
 * state and its journal: RKE2's units only count as started once they are READY, and have no time limit. A service that
 * does not come up is an outcome, not an error. Rejects with RemoteCommandError when systemd takes no order,
 * CancelledError or ConnectionLostError.
 */
export async function startService(
  host: Host,
  service: Service,
  options: StartOptions,
): Promise<ServiceOutcome> {
  const { restart, guide, timeoutMs, signal } = options;
  const mark = `@${randomBytes(6).toString('hex')}`;
  const watch = new ServiceWatch(options.recognise);
  const [decision, takenAway] = [new Answer<FinalVerdict>(), new Answer<boolean>()];
  let rest = '';
  let process: RemoteProcess | null = null;
  const hear = (line: string) => {
    if (line === `${mark} taken away`) return takenAway.give(true);
    const state = readState(line, mark);
    if (state !== null) {
      const verdict = watch.judge(state);
      if (verdict !== 'waiting') decision.give(verdict);
      return;
    }
    const words = watch.addLine(line);
    options.onWords?.(words);
    if (STARTED.test(line)) void process?.write('look\n').catch(() => undefined);
  };
  const verb = restart ? 'restart' : 'start';
  const started = await host.start(START, {
    args: [mark, unitName(service), verb, ...(guide === undefined ? [] : [guide.path, guide.content])],
    what: `${restart ? 'Restarting' : 'Starting'} ${service}`,
    onStdout: (chunk) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') hear(line);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  process = started;
  const timer = setTimeout(() => decision.give('timeout'), timeoutMs);
  try {
    const verdict = await Promise.race([decision.given, started.result.then(() => 'failed' as const)]);
    if (verdict === 'ready') return { ready: true, end: (takeAway) => finish(takeAway) };
    started.end();
    // Once told to end the host still sends what the journal had left to say.
    await started.result;
    return { ready: false, trouble: verdict, lines: watch.lines };
  } finally {
    clearTimeout(timer);
  }

  async function finish(takeAway: boolean): Promise<void> {
    started.result.catch(() => undefined);
    try {
      if (!takeAway || guide === undefined) return;
      const asked = started.write('take away\n').then(() => takenAway.given);
      const isGone = await Promise.race([asked, started.result.then(() => false)]).catch(() => false);
      if (!isGone) await removeFiles(host, [guide.path], signal === undefined ? {} : { signal });
    } finally {
      started.end();
    }
  }
}

/** systemd's own word in the journal: worth a look at once. */
const STARTED = /^Started /;

type FinalVerdict = Exclude<WatchVerdict, 'waiting'> | 'timeout';

/** The first word that is given. */
class Answer<T> {
  readonly given: Promise<T>;
  #give: (word: T) => void = () => undefined;

  constructor() {
    this.given = new Promise((resolve) => {
      this.#give = resolve;
    });
  }

  give(word: T): void {
    this.#give(word);
  }
}

function readState(line: string, mark: string): UnitState | null {
  if (!line.startsWith(`${mark} `)) return null;
  const properties = new Map(
    line
      .slice(mark.length + 1)
      .split(' ')
      .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return {
    active: properties.get('ActiveState') ?? 'unknown',
    sub: properties.get('SubState') ?? 'unknown',
    restarts: Number(properties.get('NRestarts') ?? 0),
    hasJob: !['', '0'].includes(properties.get('Job') ?? ''),
    result: properties.get('Result') ?? '',
  };
}

/**
 * $1: mark; $2: unit; $3: start or restart; $4, $5: path and content of the guide, if there is one. `enable` makes systemd
 * read all units anew, which takes it a while: where it knows the unit as it is, the start comes first. A unit that failed
 * too often is not started until that is forgotten.
 * Then tells the unit's state more and more slowly, at once when systemd has it READY, and whenever it is told to
 * `look`; and its journal (since a time, as journalctl's own cursors lose entries together with a unit), until stdin ends;
 * a connection that falls ends it too. Where following the journal fails (no inotify instance is left, a common illness of
 * hosts with many pods) it is read anew each time.
 */
const START = `
exec 3<&0
mark=$1 unit=$2 verb=$3 guide=\${4-}
if [ -n "$guide" ]; then
  dir=\${guide%/*}
  temp=$dir/.\${guide##*/}.rke2ctl-new
  (umask 022; mkdir -p "$dir") || exit 1
  rm -f "$temp"
  if ! printf '%s' "$5" | dd of="$temp" conv=fsync 2>/dev/null || ! mv -f "$temp" "$guide"; then
    rm -f "$temp"
    echo "$guide cannot be written" >&2
    exit 1
  fi
  if [ -e /sys/fs/selinux/enforce ]; then restorecon "$guide" 2>/dev/null; fi
fi
since=@$(date +%s.%6N)
case $since in *N) since=@$(date +%s) ;; esac
known=" $(systemctl show -p LoadState,NeedDaemonReload,ActiveState,Result,NRestarts "$unit" 2>/dev/null | tr '\\n' ' ')"
is() { case $known in *" $1 "*) return 0 ;; esac; return 1; }
enrol() { systemctl enable --quiet "$unit" || exit 1; }
if is LoadState=loaded && is NeedDaemonReload=no; then early=1; else early=''; enrol; fi
if ! is ActiveState=inactive || ! is Result=success || ! is NRestarts=0; then systemctl reset-failed "$unit" 2>/dev/null; fi
systemctl "$verb" --no-block "$unit" || exit 1
if [ -n "$early" ]; then enrol; fi
# Only for subshells, whose process it then is.
read_journal() { exec journalctl --quiet --output=cat --unit="$unit" --since="$since" "$@" 2>/dev/null </dev/null; }
seen=0 asked='' ear=''
trap 'asked=1' USR1
read_journal --follow --no-tail &
journal=$!
(while IFS= read -r line; do
  case $line in
    'take away') rm -f "$guide" && echo "
$mark taken away" ;;
    *) kill -USR1 $$ ;;
  esac
done <&3 2>/dev/null; kill -TERM $$) &
reader=$!
# As long as the start is under way another order joins it, and comes back when the service is READY.
case $(systemctl show -p Job --value "$unit" 2>/dev/null) in
'' | 0) ;;
*)
  (trap 'kill $order; exit' TERM
  systemctl start "$unit" >/dev/null 2>&1 </dev/null &
  order=$!
  wait $order && kill -USR1 $$) 2>/dev/null &
  ear=$! ;;
esac
finish() {
  trap '' TERM USR1
  sleep 0.3
  kill "$journal" "$reader" $ear 2>/dev/null
  exit 0
}
trap finish TERM HUP INT
pause=0.2
while :; do
  if ! kill -0 "$journal" 2>/dev/null; then
    new=$(read_journal | tail -n "+$((seen + 1))")
    if [ -n "$new" ]; then
      echo "$new"
      seen=$((seen + $(echo "$new" | wc -l)))
    fi
  fi
  state=$(systemctl show -p ActiveState,SubState,NRestarts,Result,Job "$unit" 2>/dev/null | tr '\\n' ' ')
  echo "
$mark $state"
  if [ -z "$asked" ]; then
    sleep $pause &
    wait $!
  fi
  asked=
  case $pause in 0.2) pause=0.3;; 0.3) pause=0.4;; 0.4) pause=0.5;; esac
done
`;
