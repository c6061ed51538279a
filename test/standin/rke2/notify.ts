import { execFile } from 'node:child_process';

/**
 * Tells systemd that the service is ready. systemd-notify, run as root straight from the main process, sends in its
 * parent's name, which NotifyAccess=main asks for.
 */
export function notifyReady(status: string): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  execFile('systemd-notify', ['--ready', `--status=${status}`], (error) => {
    if (error !== null) process.stderr.write(`systemd-notify: ${error.message}\n`);
  });
}
