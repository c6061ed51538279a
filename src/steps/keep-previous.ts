import { MARKER_PATH } from '../domain/marker.ts';
import { imagesDir, previousDir, previousProgram } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * $1: where it goes; $2: the prefix; $3: the program's second name; $4: the version; $5: the directory of bundles; $6: how
 * many of them, then their names; the rest: files of ours. Bundles and the program get a second link, which costs nothing;
 * what is small is packed. What lies there of another version was left by an upgrade that has come to its end.
 */
const KEEP = `
set -e
kept=$1 prefix=$2 program=$3 version=$4 images=$5 count=$6
shift 6
if [ -e "$kept/files.tar" ] && [ "$(cat "$kept/version" 2>/dev/null)" = "$version" ]; then
  echo kept
  exit
fi
"$prefix/bin/rke2" --version | grep -qF "$version" || { echo "$prefix/bin/rke2 does not say that it is $version" >&2; exit 3; }
umask 077
link() { ln -f "$1" "$2" 2>/dev/null || cp -p "$1" "$2"; }
rm -rf "$kept"
mkdir -p "$kept/images"
link "$prefix/bin/rke2" "$program"
while [ "$count" -gt 0 ]; do
  if [ -f "$images/$1" ]; then link "$images/$1" "$kept/images/$1"; fi
  shift
  count=$((count - 1))
done
if [ -f ${MARKER_PATH} ]; then cp -p ${MARKER_PATH} "$kept/marker"; fi
for path in "$@"; do
  if [ -f "$path" ]; then echo "present $path"; else echo "absent $path"; fi
done >"$kept/files"
set -- "$@" "$prefix/bin/rke2-killall.sh" "$prefix/bin/rke2-uninstall.sh" "$prefix/share/rke2"
for place in "$prefix/lib/systemd/system" /etc/systemd/system; do
  set -- "$@" "$place/rke2-server.service" "$place/rke2-server.env" "$place/rke2-agent.service" "$place/rke2-agent.env"
done
for path in "$@"; do
  shift
  if [ -e "$path" ]; then set -- "$@" "\${path#/}"; fi
done
tar cf "$kept/files.tar" -C / -- "$@"
echo "$version" >"$kept/version.new"
sync "$kept/version.new" "$kept/files.tar" 2>/dev/null || sync
mv "$kept/version.new" "$kept/version"
`;

/** Puts by what an upgrade is about to replace; what an earlier run put by of that version stays as it is. */
export const keepPrevious: StepHandler<'keep-previous'> = {
  title: ({ version }) => `keep RKE2 ${version}`,
  run: async ({ node, version, prefix, images, files }, context) => {
    if (node === null) throw new Error('keep-previous needs a node');
    const { dataDir } = context.cluster;
    const { stdout } = await context.host(node.key).run(KEEP, {
      args: [
        previousDir(dataDir),
        prefix,
        previousProgram(prefix),
        version,
        imagesDir(dataDir),
        String(images.length),
        ...images,
        ...files,
      ],
      signal: context.signal,
      what: `Keeping RKE2 ${version}`,
    });
    return stdout.startsWith('kept') ? 'unchanged' : 'done';
  },
};
