import { TTL_SCRIPT_PATH, TTL_SERVICE_PATH, TTL_TIMER_PATH } from '../rke2/ttl-paths.ts';
import type { RenderedFile } from './rendered-file.ts';
import { renderTtlScript } from './ttl-script.ts';

/** What a host needs to take its cluster away by itself. The same on every host: when, the host works out itself. */
export function renderTtlFiles(): readonly RenderedFile[] {
  return [
    { ...FILE, path: TTL_SCRIPT_PATH, mode: '0700', content: renderTtlScript() },
    { ...FILE, path: TTL_SERVICE_PATH, mode: '0644', content: SERVICE },
    { ...FILE, path: TTL_TIMER_PATH, mode: '0644', content: TIMER },
  ];
}

const FILE = { secret: false, readAtStart: false } as const;

/** systemd's words on each look at the time would fill the journal: only what the script says is kept. */
const SERVICE = `# Written by rke2ctl.
[Unit]
Description=Take this host's RKE2 cluster away once its time to live is over (rke2ctl)

[Service]
Type=oneshot
ExecStart=/bin/sh ${TTL_SCRIPT_PATH}
SyslogLevel=notice
LogLevelMax=notice
TimeoutStartSec=30min
`;

/**
 * The time itself stands in a drop-in. A host that was off at that time, whose clock was set since, or that went down while
 * it cleaned itself, is looked after at boot and every five minutes.
 */
const TIMER = `# Written by rke2ctl.
[Unit]
Description=Time to live of this host's RKE2 cluster (rke2ctl)

[Timer]
OnBootSec=1min
OnUnitInactiveSec=5min
AccuracySec=1s

[Install]
WantedBy=timers.target
`;
