/**
 * Ends the process group of the script with the pid $1: asks first, then insists. Not every shell's kill knows `--`.
 */
export const STOP_GROUP = `
read -r stat <"/proc/$1/stat" || exit 0
set -- \${stat##*) }
kill -TERM "-$3"
for _ in 1 2 3 4 5 6 7 8; do
  kill -0 "-$3" 2>/dev/null || exit 0
  sleep 0.25
done
kill -KILL "-$3"
`;
