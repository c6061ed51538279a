import type { UnitState } from './service-watch.ts';

/**
 * $1: mark; $2: unit; $3: start or restart; $4, $5: path and content of the guide, if there is one. `enable` makes systemd
 * read all units anew, which takes it a while: where it knows the unit as it is, the start comes first. A unit that failed
 * too often is not started until that is forgotten.
 * Then tells the unit's state more and more slowly, at once when systemd has it READY, and whenever it is told to
 * `look`; and its journal (since a time, as journalctl's own cursors lose entries together with a unit), until stdin ends;
 * a connection that falls ends it too. Where following the journal fails (no inotify instance is left, a common illness of
 * hosts with many pods) it is read anew each time.
 */
export const START = `
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
seen=0 asked='' journal='' reader='' ear=''
finish() {
  trap '' TERM USR1
  sleep 0.3
  kill -KILL $journal $reader 2>/dev/null
  kill $ear 2>/dev/null
  exit 0
}
trap finish TERM HUP INT
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

/** The state that a line of it tells; null for every other line. */
export function readState(line: string, mark: string): UnitState | null {
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
