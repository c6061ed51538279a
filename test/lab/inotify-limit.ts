import { mustRun } from './command.ts';
import { labsDirectory } from './lab-state.ts';
import { say } from './say.ts';

const file = '/proc/sys/fs/inotify/max_user_instances';
const remembered = `${labsDirectory}/inotify-before`;
const lock = `${labsDirectory}/.lock`;
const wanted = 8192;

/** Raises this machine's limit of inotify instances, of which a host uses about ten (128 is usual), and says so. */
export async function raiseInotifyLimit(): Promise<void> {
  const script = `now=$(cat ${file}); [ "$now" -ge ${wanted} ] && exit 0
[ -e ${remembered} ] || echo "$now" >${remembered}
echo ${wanted} >${file}; echo "$now"`;
  const before = await mustRun(['flock', lock, 'sh', '-c', script]);
  if (before !== '')
    say(`raised fs.inotify.max_user_instances from ${before} to ${wanted}; it goes back with the last lab`);
}

/** Puts the limit back if no lab of any checkout is left. */
export async function restoreInotifyLimit(): Promise<void> {
  const script = `for lab in ${labsDirectory}/*/; do [ -d "$lab" ] && exit 0; done
[ -e ${remembered} ] || exit 0
cat ${remembered} >${file}; rm ${remembered}; cat ${file}`;
  const restored = await mustRun(['flock', lock, 'sh', '-c', script]);
  if (restored !== '') say(`put fs.inotify.max_user_instances back to ${restored}`);
}
