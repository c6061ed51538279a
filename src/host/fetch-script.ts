/**
 * Fetches from a URL to stdout with curl, else wget. $1: how many bytes are there already; $2: how many are missing. On
 * descriptor 5 comes what `fetchRequest` makes, in which a login may stand: it goes on by pipes, never in `ps`. On 3 goes
 * `why <words>` when it does not work out. Any line on stdin, or its end, is the word to stop, unless $3 is `alone`.
 * Its children are ended by KILL: a TERM that comes before a new subshell has let go of our traps is lost there, and who
 * waited for it would wait for ever. The fetching program is ended as well, as it may keep what it gets for minutes before
 * it sees that nobody takes it.
 */
export const FETCH_URL = `
IFS=" " read -r curl wget address <&5
exec 4<&0 5<&-
tmp=$(mktemp -d /run/rke2ctl-fetch.XXXXXX) || exit 1
ear=
trap 'if [ -n "$ear" ]; then kill -KILL "$ear"; fi; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM PIPE
run() { sh -c 'echo $$ >"$1/pid"; shift; exec "$@"' run "$tmp" "$@" 2>"$tmp/words"; }
by_curl() { printf %s "$curl" | base64 -d | run curl -q -K - "$@"; }
by_wget() {
  printf %s "$wget" | base64 -d >"$tmp/wgetrc"
  printf %s "$address" | base64 -d | run env WGETRC="$tmp/wgetrc" wget -nv -i - -O - "$@"
}
get() {
  if command -v curl >/dev/null 2>&1; then
    if [ "$1" -eq 0 ]; then by_curl; return; fi
    by_curl -C "$1"
    code=$?
    if [ "$code" -ne 33 ]; then return "$code"; fi
    { by_curl; echo $? >"$tmp/anew"; } | tail -c "+$(($1 + 1))"
    return "$(cat "$tmp/anew")"
  elif command -v wget >/dev/null 2>&1; then
    if [ "$1" -eq 0 ]; then by_wget; else by_wget "--start-pos=$1"; fi
  else
    echo "there is neither curl nor wget" >"$tmp/words"
    return 127
  fi
}
{ get "$1" 3>&- 4<&-; echo $? >"$tmp/code"; } 2>/dev/null </dev/null | dd bs=128K iflag=fullblock,count_bytes count="$2" 2>/dev/null 3>&- 4<&- &
work=$!
if [ "$3" != alone ]; then
  { IFS= read -r word; kill -KILL "$work" $(cat "$tmp/pid"); } <&4 >/dev/null 2>&1 3>&- &
  ear=$!
fi
wait "$work" 2>/dev/null
if [ -n "$ear" ]; then kill -KILL "$ear" 2>/dev/null; wait "$ear" 2>/dev/null; ear=; fi
if [ "$(cat "$tmp/code" 2>/dev/null || echo 0)" -ne 0 ]; then
  echo "why $(tail -n 1 "$tmp/words" | tr -d '\\r' | cut -c 1-300)" >&3
fi
exit 0
`;
