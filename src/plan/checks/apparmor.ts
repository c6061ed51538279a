import { hostCheck } from './check.ts';
import { installCommand } from './install-command.ts';

/** With AppArmor in the kernel containerd loads profiles, for which it needs the parser. */
export const apparmor = hostCheck('apparmor', 'warning', ({ facts }) => {
  if (!facts.apparmor.enabled || facts.apparmor.parser) return null;
  const packageName = /suse|sles/.test([facts.os.id, ...facts.os.idLike].join(' '))
    ? 'apparmor-parser'
    : 'apparmor';
  return {
    message: 'AppArmor is on in the kernel, and apparmor_parser is not installed: containers cannot start.',
    hint: `Run \`${installCommand(facts, packageName)}\`.`,
  };
});
