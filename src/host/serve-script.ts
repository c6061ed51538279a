import { quoteWord } from '../lib/shell-quote.ts';

/** What a listener cannot do without on its host is missing. */
export const EXIT_CANNOT_SERVE = 69;

/** Every port of the choice is taken. */
export const EXIT_NO_PORT = 98;

/**
 * Sends what descriptor 7 has, and what it gets, without a copy of it. $1: how many bytes it is to have; $2: from which on;
 * $3 and $4: the names that it may bear.
 */
const SEND = `
import os, select, sys
size, offset = int(sys.argv[1]), int(sys.argv[2])
def bears(name):
    try:
        return os.path.samestat(os.fstat(7), os.stat(name))
    except OSError:
        return False
while offset < size:
    if not bears(sys.argv[3]) and not bears(sys.argv[4]):
        sys.exit(1)
    gain = os.sendfile(1, 7, offset, min(size - offset, 4194304))
    offset += gain
    if gain == 0 and select.select([0], [], [], 0.1)[0]:
        sys.exit(1)
`;

/**
 * One connection, in bash on its socket. $1: the listener's directory; $2: how many bytes a second may leave, 0 for any
 * number. Reads `<ticket> <token> <offset>`; a ticket is good for one connection. A file that still comes in is sent as
 * it grows: by python, or else, and where bytes a second count, by the shell, whose looks at it come closer together in the
 * last two seconds (`pace` is bytes in a tenth of one). What was opened stays the same file under whatever name; when it is thrown away, this ends.
 */
export const SERVE_ONE = `
PATH=/usr/sbin:/usr/bin:/sbin:/bin
dir=$1 rate=$2
IFS=' ' read -r -t 10 -n 200 ticket token offset || exit 1
case $ticket$offset in *[!0-9]*) exit 1 ;; esac
mv "$dir/$ticket" "$dir/$ticket.$$" || exit 1
IFS=' ' read -r known size state path <"$dir/$ticket.$$"
if [ "$token" != "$known" ]; then mv "$dir/$ticket.$$" "$dir/$ticket"; exit 1; fi
rm -f "$dir/$ticket.$$"
part=\${path%/*}/.\${path##*/}.rke2ctl-part
if [ "$state" = whole ] || ! exec 7<"$part"; then exec 7<"$path" || exit 1; fi
if [ "$rate" -eq 0 ]; then
  python3 -ISc ${quoteWord(SEND)} "$size" "$offset" "$part" "$path" 2>/dev/null
  # It is not there, or nobody may run it.
  case $? in 126 | 127) ;; *) exit ;; esac
fi
exec 8>&1
pause=0.5 beat=5 pace=0
while [ "$offset" -lt "$size" ]; do
  [ /proc/self/fd/7 -ef "$part" ] || [ /proc/self/fd/7 -ef "$path" ] || exit 1
  count=$((size - offset))
  if [ "$rate" -gt 0 ] && [ "$count" -gt $((rate / 10 + 1)) ]; then count=$((rate / 10 + 1)); fi
  told=$(LC_ALL=C dd if=/proc/self/fd/7 bs=128K iflag=skip_bytes,count_bytes skip="$offset" count="$count" 2>&1 >&8) || exit 1
  told=\${told##*$'\\n'}
  gain=\${told%% *}
  offset=$((offset + gain))
  [ "$offset" -lt "$size" ] || break
  left=$((size - offset)) pace=$(((pace + gain / beat) / 2))
  if [ "$rate" -gt 0 ] || [ "$left" -le $((5 * pace)) ]; then pause=0.1 beat=1
  elif [ "$left" -le $((20 * pace)) ]; then pause=0.2 beat=2
  else pause=0.5 beat=5; fi
  read -r -t "$pause" -n 1 word
  [ $? -gt 128 ] || exit 1
done
`;

/**
 * A listener for as long as stdin brings a line now and then; nothing of it outlives the script but, when somebody kills
 * it, the socket for the rest of $2 seconds and a rule of firewalld for a minute. $1: address, in brackets if IPv6;
 * $3: after how many seconds of silence it ends; $4: firewalld's zone, `-` if its rules are not ours, empty for the
 * default; $5: SERVE_ONE; $6: bytes a second of one connection; then the ports to try. Says `port <port>`; takes
 * `ticket <number> <token> <size> <whole|growing> <address> <path>` and says `ready <number>` once that node is let in.
 * Rules are made over D-Bus by systemd's own busctl, at runtime and with an end: no reload, and none of
 * firewall-cmd's third of a second.
 */
export const LISTEN = `
for tool in bash systemd-socket-activate timeout stat dd; do
  command -v "$tool" >/dev/null || { echo "$tool is not there" >&2; exit ${EXIT_CANNOT_SERVE}; }
done
exec bash --norc -c '
bind=$1 life=$2 patience=$3 zone=$4 rate=$6
for old in /run/rke2ctl-serve.*; do
  if [ -d "$old" ] && ! kill -0 "$(cat "$old/pid" 2>/dev/null)" 2>/dev/null; then rm -rf "$old"; fi
done
dir=$(mktemp -d /run/rke2ctl-serve.XXXXXX) || exit 1
echo $$ >"$dir/pid"
printf "%s" "$5" >"$dir/serve"
shift 6
pid= rules=()
firewalld() {
  busctl --quiet --auto-start=no call org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 \\
    org.fedoraproject.FirewallD1.zone "$@" >/dev/null 2>&1
}
leave() {
  trap "" TERM HUP INT
  if [ -n "$pid" ]; then kill "$pid" 2>/dev/null; fi
  for rule in "\${rules[@]}"; do firewalld removeRichRule ss "$zone" "$rule"; done
  rm -rf "$dir"
  exit "$1"
}
trap "leave 0" TERM HUP INT
if [ "$zone" != - ] && ! systemctl is-active --quiet firewalld 2>/dev/null; then zone=-; fi
for port; do
  timeout -k 2 "$life" systemd-socket-activate --accept --inetd -l "$bind:$port" \\
    /bin/bash "$dir/serve" "$dir" "$rate" </dev/null >/dev/null 2>"$dir/log" &
  pid=$!
  for wait in {1..100}; do
    if grep -q "^Listening" "$dir/log"; then break 2; fi
    if grep -q "^Failed" "$dir/log"; then break; fi
    sleep 0.05
  done
  kill "$pid" 2>/dev/null
  pid=
done
[ -n "$pid" ] || leave ${EXIT_NO_PORT}
echo "port $port"
admit() {
  [ "$zone" != - ] || return 0
  case $1 in *:*) family=ipv6 ;; *) family=ipv4 ;; esac
  rule="rule family=\\"$family\\" source address=\\"$1\\" port port=\\"$port\\" protocol=\\"tcp\\" accept"
  firewalld removeRichRule ss "$zone" "$rule"
  firewalld addRichRule ssi "$zone" "$rule" 60
  rules+=("$rule")
}
while IFS=" " read -r -t "$patience" word number token size state client path; do
  [ "$word" = ticket ] || continue
  admit "$client"
  printf "%s %s %s %s\\n" "$token" "$size" "$state" "$path" >"$dir/new" && mv "$dir/new" "$dir/$number"
  echo "ready $number"
done
leave 0
' rke2ctl-serve "$@"
`;
