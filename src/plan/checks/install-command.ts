import type { HostFacts } from '../../domain/observed.ts';

/** The line that installs a package on this host's distribution, for hints. */
export function installCommand(facts: HostFacts, packageName: string): string {
  const family = [facts.os.id, ...facts.os.idLike].join(' ');
  if (/debian|ubuntu/.test(family)) return `apt-get install ${packageName}`;
  if (/suse|sles/.test(family)) return `zypper install ${packageName}`;
  return `dnf install ${packageName}`;
}
