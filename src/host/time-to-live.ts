import { FORGET_TTL } from '../rke2/cleanup-scripts.ts';
import { TTL_DEADLINE_PATH, TTL_TIMER, TTL_TIMER_PATH } from '../rke2/ttl-paths.ts';
import type { Host } from './host.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * Lets the time to live of a host begin, or begin anew: `seconds` from now, by the host's own clocks, so that one that is
 * wrong does no harm. Its files must lie there already.
 */
export async function startTtl(host: Host, seconds: number, options: CallOptions = {}): Promise<void> {
  await host.run(START, { args: [String(seconds)], what: 'Setting the time to live', ...options });
}

/** Takes the time to live off a host, its files included; nothing happens where there is none. */
export async function endTtl(host: Host, options: CallOptions = {}): Promise<void> {
  await host.run(END, { what: 'Taking the time to live away', ...options });
}

/** systemd is told a second late: the uptime, which decides, may lag behind the clock by a part of one. */
const START = `
set -e
umask 022
mkdir -p ${TTL_TIMER_PATH}.d
now=$(date +%s)
read -r up _ </proc/uptime
at=$((now + $1))
{
  echo '# Written by rke2ctl: when the time is over by the clock, and in this boot of the host by its uptime.'
  echo "# rke2ctl: $at $(cat /proc/sys/kernel/random/boot_id) $((\${up%%.*} + $1))"
  echo '[Timer]'
  echo "OnCalendar=$(date -u -d "@$((at + 1))" '+%Y-%m-%d %H:%M:%S') UTC"
} >${TTL_DEADLINE_PATH}.new
mv -f ${TTL_DEADLINE_PATH}.new ${TTL_DEADLINE_PATH}
systemctl daemon-reload
systemctl enable --quiet ${TTL_TIMER}
systemctl restart ${TTL_TIMER}
systemctl is-active --quiet ${TTL_TIMER}
`;

const END = `
${FORGET_TTL}
forget_ttl
exit 0
`;
