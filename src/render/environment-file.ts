import { Secret } from '../domain/secret.ts';

/**
 * The text of a service's environment file (systemd's EnvironmentFile=): one `NAME="value"` a line; null when there is
 * no variable. Inside double quotes systemd takes a backslash before `"`, `\`, `` ` `` and `$` away, and nothing else.
 */
export function renderEnvironmentFile(variables: Readonly<Record<string, string | Secret>>): string | null {
  const entries = Object.entries(variables);
  if (entries.length === 0) return null;
  const lines = entries.map(([name, value]) => {
    const text = value instanceof Secret ? value.reveal() : value;
    return `${name}="${text.replaceAll(/["\\`$]/g, '\\$&')}"\n`;
  });
  return `# Written by rke2ctl. Edit cluster.yml and run \`rke2ctl up\`: changes made here are drift.\n${lines.join('')}`;
}
