/**
 * The host's side of an upload. $1: destination; $2: SHA-256; $3: size; $4: mode; $5: `@mtime` or nothing. Says `present`
 * or `have <bytes> <hash>` of what an earlier try left, reads `keep` or `drop`, then the missing bytes, which are hashed
 * as they come. sha256sum is the slowest of the tools on some systems (Debian's has no hardware support), so it is last.
 */
export const RECEIVE = `
dest=$1 sum=$2 size=$3 mode=$4 mtime=$5
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
have=$(bytes "$part")
if [ "$have" -gt "$size" ]; then rm -f "$part"; have=0; fi
if [ "$have" -gt 0 ]; then echo "have $have $(hash <"$part")"; else echo 'have 0 -'; fi
IFS= read -r answer || exit 65
if [ "$answer" != keep ]; then rm -f "$part"; have=0; fi
if [ $(((size - have) / 1024)) -gt "$(free)" ]; then full; fi
arrived=$({
  if [ "$have" -gt 0 ]; then cat "$part"; fi
  tee -a "$part"
} | hash)
if [ "$(bytes "$part")" -lt "$size" ]; then
  if [ "$(free)" -lt 1024 ]; then full; fi
  exit 65
fi
if [ "$arrived" != "$sum" ]; then rm -f "$part"; exit 66; fi
settle "$part"
mv -f "$part" "$dest" || exit 1
if [ -e /sys/fs/selinux/enforce ]; then restorecon "$dest" 2>/dev/null; fi
exit 0
`;
