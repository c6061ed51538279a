/** The script that takes the cluster off its host when its time to live is over. It outlives RKE2's own directory, so that it can go last. */
export const TTL_SCRIPT_PATH = '/etc/rancher/rke2ctl-ttl.sh';

export const TTL_TIMER = 'rke2ctl-ttl.timer';

/** Runs the script once. */
export const TTL_SERVICE_PATH = '/etc/systemd/system/rke2ctl-ttl.service';

/** Starts the service. */
export const TTL_TIMER_PATH = `/etc/systemd/system/${TTL_TIMER}`;

/** When the time is over: the one thing that the host itself works out, by its own clocks. */
export const TTL_DEADLINE_PATH = `${TTL_TIMER_PATH}.d/deadline.conf`;

/** The marker as it was when the host began to clean itself: until that is done it says what was ours. */
export const TTL_BEGUN_PATH = '/etc/rancher/rke2ctl-ttl.json';

/** Files of ours that only the time to live brings; they are set and taken away by a step of their own. */
export const TTL_PATHS: readonly string[] = [TTL_SCRIPT_PATH, TTL_SERVICE_PATH, TTL_TIMER_PATH];

/** True for whatever the time to live leaves on a host as long as it counts. */
export function isTtlPath(path: string): boolean {
  return [...TTL_PATHS, TTL_DEADLINE_PATH, TTL_BEGUN_PATH].includes(path);
}
