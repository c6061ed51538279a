import { MARKER_PATH } from '../domain/marker.ts';
import { FIREWALL_PROGRAM } from '../lib/firewall-program.ts';
import { FORGET_TTL, LOOK_FOR_LEFTOVERS, STOP_RKE2, UNINSTALL_RKE2 } from '../rke2/cleanup-scripts.ts';
import { NETWORK_MANAGER_PATH } from '../rke2/paths.ts';
import {
  TTL_BEGUN_PATH,
  TTL_DEADLINE_PATH,
  TTL_PATHS,
  TTL_SCRIPT_PATH,
  TTL_TIMER_PATH,
} from '../rke2/ttl-paths.ts';

/** Makes of a marker (its path is the first argument) the job on stdin for the program that follows: its rules go. */
const FIREWALL_JOB = `
import io, json, sys
remove = json.load(open(sys.argv[1])).get("firewall")
if not remove:
    sys.exit(0)
add = {"zone": remove["zone"], "ports": [], "richRules": [], "trustedSources": [], "ipsets": {}}
sys.stdin = io.StringIO(json.dumps({"add": add, "remove": remove, "reload": True, "tidy": True}))
`;

/**
 * What `remove` does on a host, done by the host itself. It acts only once the time is over, only while the marker says
 * that this cluster asked for it, and never while rke2ctl works there; then it takes itself away, whatever it could not
 * clean. Cut off before that (the host went down), it goes on where it was. Nothing in it is secret, and nothing of the
 * cluster: that stands in the marker.
 */
export function renderTtlScript(): string {
  return `#!/bin/sh
# Written by rke2ctl. Takes the RKE2 cluster off this host when its time to live (\`ttl\`) is over; ${TTL_TIMER_PATH}
# starts it at that time, at every boot, and every five minutes. Before that it only looks at the time.
MARKER=${MARKER_PATH} BEGUN=${TTL_BEGUN_PATH} SELF=${TTL_SCRIPT_PATH} LOCK=/etc/machine-id
umask 077
${IS_DUE}${FORGET_TTL}
stop_rke2() (
${STOP_RKE2}
)
uninstall_rke2() (
${UNINSTALL_RKE2}
)
look_for_leftovers() (
${LOOK_FOR_LEFTOVERS}
)
${CLOSE_FIREWALL}${OWN_THINGS}
${MAIN}`;
}

/** As long as the host has not been booted since, its uptime counts, which nobody can set; after that its clock. */
const IS_DUE = `
is_due() {
  set -- $(sed -n 's/^# rke2ctl: //p' ${TTL_DEADLINE_PATH} 2>/dev/null)
  if [ $# != 3 ]; then return 1; fi
  read -r up _ </proc/uptime
  if [ "$2" = "$(cat /proc/sys/kernel/random/boot_id)" ]; then [ "\${up%%.*}" -ge "$3" ]
  else [ "$(date +%s)" -ge "$1" ]
  fi
}`;

/** firewalld is a Python program, so its own interpreter and client library are there. */
const CLOSE_FIREWALL = `
close_firewall() {
  command=$(command -v firewall-cmd) || return 0
  IFS= read -r line <"$command"
  set -- \${line#??}
  case \${1-} in */python*) ;; *) set -- python3 ;; esac
  "$@" - "$BEGUN" >/dev/null <<'END_OF_PROGRAM' || echo 'Our rules in firewalld could not be taken away.'
${FIREWALL_JOB}${FIREWALL_PROGRAM}
END_OF_PROGRAM
}
`;

/** The scripts' words, one a line: RKE2's prefix, its data directory, our own files. JSON.stringify has put each on a line of its own. */
const OWN_THINGS = `
own_things() {
  sed -n 's/^    "prefix": "\\(.*\\)",\\{0,1\\}$/\\1/p' "$BEGUN" | grep . || echo
  sed -n 's/^  "dataDir": "\\(.*\\)",\\{0,1\\}$/\\1/p' "$BEGUN" | grep . || echo
  sed -n '/^  "files": \\[$/,/^  \\]/s/^    "\\(.*\\)",\\{0,1\\}$/\\1/p' "$BEGUN" | grep -vxF '${TTL_PATHS.join('\n')}'
}
`;

/**
 * Twice through: first to see whether there is anything to do and to take the lock that runs of rke2ctl take; then, with a
 * command line that tells those who find it locked by whom, anew.
 */
const MAIN = `
if [ ! -f "$BEGUN" ]; then
  is_due || exit 0
  if ! grep -qF "\\"$SELF\\"" "$MARKER" 2>/dev/null; then
    echo "The time to live of a cluster is over here, and $MARKER does not say that RKE2 on this host is that cluster's. Nothing but this timer is taken away."
    forget_ttl
    exit 0
  fi
fi
if [ $# = 0 ]; then
  [ -r "$LOCK" ] || LOCK=/etc
  exec 8<"$LOCK"
  # Whoever holds it lets go when its machine is gone; else there is another look in five minutes.
  if command -v flock >/dev/null 2>&1 && ! flock -w 120 8; then
    echo 'The time to live of this cluster is over; rke2ctl works on this host just now, so it is looked at again.'
    exit 0
  fi
  exec 9<&8 8<&-
  exec /bin/sh "$SELF" "rke2ctl: locked by the timer of its ttl since $(date -u +%Y-%m-%dT%H:%M:%S.000Z)"
fi
if [ ! -f "$BEGUN" ]; then cp "$MARKER" "$BEGUN.new" && mv -f "$BEGUN.new" "$BEGUN" || exit 1; fi
echo 'The time to live of this cluster is over: RKE2 and everything that rke2ctl brought is taken away from this host.'
set --
while IFS= read -r word; do set -- "$@" "$word"; done <<END_OF_WORDS
$(own_things)
END_OF_WORDS
stop_rke2 "$@"
close_firewall
uninstall_rke2 "$@"
case " $* " in *' ${NETWORK_MANAGER_PATH} '*)
  if systemctl is-active --quiet NetworkManager; then systemctl reload NetworkManager; fi ;;
esac
left=$(look_for_leftovers "$@")
if [ -z "$left" ]; then echo 'The host is clean.'; else echo "This is left on the host: $left"; fi
exit 0
`;
