import { readFile } from 'node:fs/promises';
import { execInHost } from './host-process.ts';
import type { HostRecord, LabState } from './lab-state.ts';

/**
 * What is on the host, as sorted lines that begin with their kind (file, unit, mount, link, address, route, firewall,
 * nft, process). Two listings of an idle host are equal; what is left out for that is named in listing.py.
 */
export async function listHost(state: LabState, host: HostRecord): Promise<string[]> {
  const script = await readFile(new URL('listing.py', import.meta.url), 'utf8');
  const result = await execInHost(state, host, ['/usr/bin/python3', '-'], {
    stdin: script,
    timeoutMs: 60_000,
  });
  if (result.exitCode !== 0)
    throw new Error(
      `The listing of the lab host ${host.name} failed with exit code ${result.exitCode}: ${result.stderr}`,
    );
  return result.stdout.split('\n');
}
