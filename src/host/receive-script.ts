import { quoteWord } from '../lib/shell-quote.ts';
import { MEND_BYTES } from './damaged-chunks.ts';

/**
 * Takes bytes from another node, in bash because of its /dev/tcp. $1: how many are there; $2: how many are missing. On
 * descriptor 5 comes `<address> <port> <ticket> <token>`, what must not be seen in `ps`; on 3 goes `met` once there is a
 * connection. Any line on stdin, or its end, is the word to stop; who listens for it is gone at the end, so that it hears
 * nothing of what comes next.
 */
const TAKE_FROM_NODE = `
IFS=" " read -r address port ticket token <&5
exec 4<&0 5<&- 2>/dev/null
{ sleep 5; kill "$$"; } </dev/null >/dev/null 3>&- 4<&- &
dog=$!
exec 6<>"/dev/tcp/$address/$port" || { kill "$dog"; exit 1; }
kill "$dog"
echo met >&3
printf "%s %s %s\\n" "$ticket" "$token" "$1" >&6
dd bs=128K iflag=fullblock,count_bytes count="$2" <&6 3>&- 4<&- &
work=$!
{ IFS= read -r word; kill "$work"; } <&4 >/dev/null 3>&- 6<&- &
ear=$!
wait "$work"
kill "$ear"
wait "$ear"
exit 0
`;

/**
 * Hashes a file as it grows and tells its size on descriptor 3, once a second and at the end. $1: the file; $2: the size that
 * it is to have; $3: the process without which it does not grow.
 */
const FOLLOW = `
import hashlib, os, sys, time
path, size, writer = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
block, done, told = bytearray(262144), hashlib.sha256(), 0
fed, tell = 0, os.fdopen(3, "w")
with open(path, "rb", 0) as part:
    while True:
        try:
            os.kill(writer, 0)
            goes_on = True
        except OSError:
            goes_on = False
        gain = part.readinto(block)
        while gain:
            done.update(memoryview(block)[:gain])
            fed += gain
            gain = part.readinto(block)
        is_over = fed >= size or not goes_on
        if is_over or time.monotonic() - told >= 1:
            print("at", fed, file=tell, flush=True)
            told = time.monotonic()
        if is_over:
            break
        time.sleep(0.1)
print(done.hexdigest())
`;

/**
 * The host's side of an upload. $1: destination; $2: SHA-256; $3: size; $4: mode; $5: `@mtime` or nothing; $6: FETCH_URL or
 * nothing. Says `present` or `have <bytes> <hash>` of what an earlier try left, reads `keep` or `drop`, then the missing
 * bytes, which are hashed as they come. sha256sum is the slowest of the tools on some systems (Debian's has no hardware
 * support), so it is last.
 * After `keep-ask` and `drop-ask` it says `ready` and is told line by line where to take bytes from: `take <n>`, which
 * follow, or `from <address> <port> <ticket> <token>` or `url <three words>` (fetch-request.ts), which `cut <bytes>` answers
 * when the file is not whole after that, and `all` when nothing more comes. They write to the file in large blocks; what is
 * new there is hashed and told as `at <bytes>` once a second, by python, or else by the shell, whose looks come closer
 * together in the last two seconds (`rate` is bytes in a tenth of one). A tee to both would move 8 KB at a time, and so does
 * openssl read.
 * Before it is told to keep or drop what is there, and after it has said `damaged` of the whole file, it takes `sums`, to
 * which it says `sum <hash>` of each chunk, and `mend <start> <count>`, whose bytes follow; `keep` or `drop` ends that.
 * sshd's pipe to us holds 64 KB, so that on a busy machine the line waits for the scheduler twice for each of them: where
 * perl or python is there, the pipe is made to hold 1 MB (F_SETPIPE_SZ).
 * Where the connection of an earlier run broke and the host does not know it yet, that run's fetch may still bring bytes into
 * the same file; it is ended first.
 */
export const RECEIVE = `
dest=$1 sum=$2 size=$3 mode=$4 mtime=$5 fetch=$6
dir=\${dest%/*}
part=$dir/.\${dest##*/}.rke2ctl-part
if command -v openssl >/dev/null 2>&1; then
  hash() { openssl dgst -sha256 -r | cut -d ' ' -f 1; }
elif command -v python3 >/dev/null 2>&1; then
  hash() { python3 -c '
import hashlib, sys
h = hashlib.sha256()
for block in iter(lambda: sys.stdin.buffer.read(1048576), b""): h.update(block)
print(h.hexdigest())'; }
else
  hash() { sha256sum | cut -d ' ' -f 1; }
fi
bytes() { stat -c %s "$1" 2>/dev/null || echo 0; }
free() { df -kP "$dir" | awk 'NR > 1 { print $4 }'; }
full() {
  rm -f "$part"
  echo "$(df -kP "$dir" | awk 'NR > 1 { print $6 " has " int($4 / 1024) " MB left" }')" >&2
  exit 28
}
widen() {
  perl -e 'fcntl(STDIN, 1031, 1048576) or exit 1' 2>/dev/null ||
    python3 -c 'import fcntl; fcntl.fcntl(0, 1031, 1048576)' 2>/dev/null
}
settle() {
  chmod "$mode" "$1" && chown root:root "$1" || exit 1
  if [ -n "$mtime" ]; then touch -m -d "$mtime" "$1" || exit 1; fi
}
if [ -f "$dest" ] && [ "$(bytes "$dest")" = "$size" ] && [ "$(hash <"$dest")" = "$sum" ]; then
  settle "$dest"
  echo present
  exit 0
fi
(umask 022; mkdir -p "$dir") || exit 1
# Only links that read so are followed: what other processes write to may be on a file system that does not answer.
end_writers() {
  for process in $(ls -l /proc/[0-9]*/fd/1 2>/dev/null | sed -n 's|.* /proc/\\([0-9]*\\)/fd/1 -> .*[.]rke2ctl-part$|\\1|p'); do
    if [ "/proc/$process/fd/1" -ef "$part" ]; then kill "$process" 2>/dev/null && ended=1; fi
  done
}
ended=
if [ -e "$part" ]; then end_writers; fi
if [ -n "$ended" ]; then sleep 1; fi
have=$(bytes "$part")
if [ "$have" -gt "$size" ]; then rm -f "$part"; have=0; fi
if [ "$have" -gt 0 ]; then echo "have $have $(hash <"$part")"; else echo 'have 0 -'; fi
ask() {
  while [ "$(bytes "$part")" -lt "$size" ]; do
    IFS=' ' read -r word rest || return
    case $word in
      all) return ;;
      take) dd bs=128K iflag=fullblock,count_bytes count="$rest" >>"$part" || return ;;
      from | url)
        there=$(bytes "$part")
        left=$((size - there))
        if [ "$word" = from ]; then bash --norc -c ${quoteWord(TAKE_FROM_NODE)} take "$there" "$left"
        else sh -c "$fetch" fetch "$there" "$left"; fi 5<<EOF >>"$part"
$rest
EOF
        there=$(bytes "$part")
        if [ "$there" -lt "$size" ]; then
          if [ "$(free)" -lt 1024 ]; then return; fi
          echo "cut $there" >&3
        fi ;;
    esac
  done
}
follow() {
  fed=0 beat=10 rate=0
  while :; do
    if kill -0 "$1"; then goes_on=1; else goes_on=; fi
    now=$(bytes "$part") gain=0
    if [ "$now" -gt "$fed" ]; then
      gain=$((now - fed))
      dd if="$part" bs=128K iflag=skip_bytes,count_bytes skip="$fed" count="$gain" || return
      fed=$now
    fi
    echo "at $now" >&3
    if [ "$now" -ge "$size" ] || [ -z "$goes_on" ]; then break; fi
    left=$((size - now)) rate=$(((rate + gain / beat) / 2))
    if [ "$left" -gt $((20 * rate)) ]; then beat=10
    elif [ "$left" -gt $((5 * rate)) ]; then beat=2
    else beat=1; fi
    case $beat in 1) pause=0.1 ;; 2) pause=0.2 ;; *) pause=1 ;; esac
    sleep "$pause" || sleep 1
  done
}
repair() {
  while IFS=' ' read -r answer at count; do
    case $answer in
      sums)
        chunk=0 chunks=$((($(bytes "$part") + ${MEND_BYTES} - 1) / ${MEND_BYTES}))
        while [ "$chunk" -lt "$chunks" ]; do
          echo "sum $(dd if="$part" bs=${MEND_BYTES} skip="$chunk" count=1 2>/dev/null | hash)"
          chunk=$((chunk + 1))
        done ;;
      mend)
        dd of="$part" conv=notrunc bs=128K iflag=fullblock,count_bytes oflag=seek_bytes seek="$at" count="$count" 2>/dev/null || exit 1 ;;
      keep* | drop*) return ;;
    esac
  done
  exit 65
}
if [ "$size" -gt 8000000 ]; then widen; fi
repair
case $answer in keep*) ;; *) rm -f "$part"; have=0 ;; esac
if [ $(((size - have) / 1024)) -gt "$(free)" ]; then full; fi
case $answer in
  *-ask)
    : >>"$part"
    echo ready
    exec 3>&1 4<&0
    arrived=$({
      ask <&4 2>/dev/null &
      exec 4<&-
      python3 -ISc ${quoteWord(FOLLOW)} "$part" "$size" $! </dev/null 2>/dev/null || follow $! 2>/dev/null | hash
    }) ;;
  *)
    arrived=$({
      if [ "$have" -gt 0 ]; then cat "$part"; fi
      tee -a "$part"
    } | hash) ;;
esac
if [ "$(bytes "$part")" -lt "$size" ]; then
  if [ "$(free)" -lt 1024 ]; then full; fi
  exit 65
fi
case $answer in
  *-ask)
    if [ "$arrived" != "$sum" ]; then
      echo damaged
      repair
      if [ "$answer" = keep ]; then arrived=$(hash <"$part"); fi
    fi ;;
esac
if [ "$arrived" != "$sum" ]; then rm -f "$part"; exit 66; fi
settle "$part"
mv -f "$part" "$dest" || exit 1
if [ -e /sys/fs/selinux/enforce ]; then restorecon "$dest" 2>/dev/null; fi
exit 0
`;
