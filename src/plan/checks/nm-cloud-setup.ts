import { hostCheck } from './check.ts';

/** nm-cloud-setup adds routing rules that break pods' traffic. */
export const nmCloudSetup = hostCheck('nm-cloud-setup', 'warning', ({ facts }) => {
  if (!facts.networkManager.cloudSetup) return null;
  return {
    message: 'nm-cloud-setup is on: its routing rules send pods’ packets the wrong way.',
    hint: 'Run `systemctl disable --now nm-cloud-setup.service nm-cloud-setup.timer` and reboot.',
  };
});
