import { TTL_TIMER } from '../../rke2/ttl-paths.ts';

/** Units the probe asks about. */
const PROBED_UNITS = [
  'rke2-server.service',
  'rke2-agent.service',
  'NetworkManager.service',
  'nm-cloud-setup.service',
  'nm-cloud-setup.timer',
  'docker.service',
  'fapolicyd.service',
  'firewalld.service',
  TTL_TIMER,
] as const;

/** Where systemd looks for units of the system, by systemd.unit(5). */
const UNIT_DIRECTORIES = [
  '/etc/systemd/system.control',
  '/run/systemd/system.control',
  '/run/systemd/transient',
  '/run/systemd/generator.early',
  '/etc/systemd/system',
  '/etc/systemd/system.attached',
  '/run/systemd/system',
  '/run/systemd/system.attached',
  '/run/systemd/generator',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
  '/run/systemd/generator.late',
];

/**
 * A part of the probe: one call for all units, but only for those that there are: each costs systemd some milliseconds, whether it knows it or
 * not. A unit is there by its file, or, where that was deleted since, by systemd's own note of its start.
 */
export const UNIT_QUESTIONS = `
m units
A=
for u in ${PROBED_UNITS.join(' ')}; do
  for d in ${UNIT_DIRECTORIES.join(' ')}; do
    if [ -e "$d/$u" ] || [ -h "$d/$u" ]; then A="$A $u"; continue 2; fi
  done
  if [ -h "/run/systemd/units/invocation:$u" ]; then A="$A $u"; fi
done
# A systemd that keeps its units elsewhere is asked for all of them.
[ -d /usr/lib/systemd/system ] || [ -d /lib/systemd/system ] || A='${PROBED_UNITS.join(' ')}'
RKE2=0 MAIN=0 FIREWALLD=0 U=
if [ -n "$A" ]; then U=$(systemctl show -p Id,LoadState,ActiveState,UnitFileState,FragmentPath,ExecStart,MainPID $A 2>/dev/null); fi
printf '%s\\n' "$U"
unit() {
  case $id in
    firewalld.service) if [ "$state" = active ]; then FIREWALLD=1; fi ;;
    rke2-server.service | rke2-agent.service)
      if [ "$state" = active ]; then RKE2=1; fi
      if [ "\${pid:-0}" -gt 0 ]; then MAIN=$pid; fi ;;
  esac
  id='' state='' pid=''
}
id='' state='' pid=''
while IFS= read -r line; do
  case $line in
    '') unit ;;
    Id=*) id=\${line#Id=} ;;
    ActiveState=*) state=\${line#ActiveState=} ;;
    MainPID=*) pid=\${line#MainPID=} ;;
  esac
done <<UNITS
$U

UNITS`;
