import { randomBytes } from 'node:crypto';
import type { Service } from '../domain/role.ts';
import { unitName } from '../rke2/paths.ts';
import type { RemoteProcess } from '../transport/transport.ts';
import type { Host } from './host.ts';
import { type ServiceTrouble, ServiceWatch, type UnitState, type WatchVerdict } from './service-watch.ts';
import type { JournalCursor } from './systemd.ts';

export interface WaitOptions {
  /** What `startService` gave. */
  readonly cursor: JournalCursor;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** The service's last words, as they come. */
  readonly onWords?: (words: string) => void;
  /** True for a fatal line after which another try cannot help; then the next restart is not waited for. */
  readonly recognise?: (line: string) => boolean;
}

export type ServiceOutcome =
  | { readonly ready: true }
  /** `lines`: the journal of this start, oldest first, its end if it was long. */
  | {
      readonly ready: false;
      readonly trouble: ServiceTrouble | 'timeout';
      readonly lines: readonly string[];
    };

/**
 * Waits until the service is READY, by one command that streams the unit's state and its journal. A service that does
 * not come up is an outcome, not an error. Rejects with CancelledError or ConnectionLostError.
 */
export async function waitForService(
  host: Host,
  service: Service,
  options: WaitOptions,
): Promise<ServiceOutcome> {
  const mark = `@${randomBytes(6).toString('hex')}`;
  const watch = new ServiceWatch(options.recognise);
  const decision = new Decision();
  let rest = '';
  let process: RemoteProcess | null = null;
  const started = await host.start(WATCH, {
    args: [mark, unitName(service), options.cursor],
    what: `Waiting for ${service}`,
    onStdout: (chunk) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((candidate) => candidate !== '')) {
        const state = readState(line, mark);
        if (state === null) {
          const words = watch.addLine(line);
          options.onWords?.(words);
          if (STARTED.test(line)) void process?.write('\n').catch(() => undefined);
        } else {
          decision.take(watch.judge(state));
        }
      }
    },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  process = started;
  const timer = setTimeout(() => decision.take('timeout'), options.timeoutMs);
  try {
    const verdict = await Promise.race([decision.made, started.result.then(() => 'failed' as const)]);
    started.end();
    if (verdict === 'ready') {
      started.result.catch(() => undefined);
      return { ready: true };
    }
    // Once told to end the host still sends what the journal had left to say.
    await started.result;
    return { ready: false, trouble: verdict, lines: watch.lines };
  } finally {
    clearTimeout(timer);
  }
}

/** systemd's own word in the journal: worth a look at once. */
const STARTED = /^Started /;

type FinalVerdict = Exclude<WatchVerdict, 'waiting'> | 'timeout';

/** The first verdict that is one. */
class Decision {
  readonly made: Promise<FinalVerdict>;
  #make: (verdict: FinalVerdict) => void = () => undefined;

  constructor() {
    this.made = new Promise((resolve) => {
      this.#make = resolve;
    });
  }

  take(verdict: WatchVerdict | 'timeout'): void {
    if (verdict !== 'waiting') this.#make(verdict);
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
 * $1: mark; $2: unit; $3: since when. Tells the unit's state more and more slowly, and whenever a line comes, and its journal
 * at once, until stdin ends; a connection that falls ends it too. Where following the journal fails (no inotify instance is left, a common illness of
 * hosts with many pods) it is read anew each time.
 */
const WATCH = `
exec 3<&0
# Only for subshells, whose process it then is.
read_journal() { exec journalctl --quiet --output=cat --unit="$unit" --since="$since" "$@" 2>/dev/null </dev/null; }
mark=$1 unit=$2 since=$3 seen=0 asked=
trap 'asked=1' USR1
read_journal --follow --no-tail &
journal=$!
(while IFS= read -r line; do kill -USR1 $$; done <&3 2>/dev/null; kill -TERM $$) &
reader=$!
finish() {
  trap '' TERM
  sleep 0.3
  kill "$journal" "$reader" 2>/dev/null
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
