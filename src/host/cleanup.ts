import { RemoteCommandError } from '../domain/errors.ts';
import type { FirewallRecord, Marker } from '../domain/marker.ts';
import { LOOK_FOR_LEFTOVERS, STOP_RKE2, UNINSTALL_RKE2 } from '../rke2/cleanup-scripts.ts';
import { DATA_DIR, NETWORK_MANAGER_PATH } from '../rke2/paths.ts';
import { isTtlPath } from '../rke2/ttl-paths.ts';
import { lastLines } from './command-failure.ts';
import { applyFirewall } from './firewall.ts';
import type { Host } from './host.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface CleanOptions extends CallOptions {
  /** What we added to the host and where; null when there is no record of it any more. */
  readonly marker: Marker | null;
  /** RKE2's data directory where the marker does not say it. */
  readonly dataDir?: string;
  /** What is being done, for the screen. */
  readonly onWords?: (words: string) => void;
}

/**
 * Takes RKE2 and everything of ours off a host, by RKE2's own scripts first, then looks. Gives what still stands there,
 * each as a few words (`mount /run/k3s/…`); empty = clean. May be run again after any failure, on a clean host too. The
 * firewall comes before the marker's own directory, so that a cut-off run still knows what was ours.
 */
export async function cleanHost(host: Host, options: CleanOptions): Promise<readonly string[]> {
  const { marker, dataDir, onWords, ...call } = options;
  const speak = { onStdout: wordsFrom(onWords), ...call };
  const args = ownThings(marker, dataDir);
  await host.run(STOP_RKE2, { args, what: 'Ending RKE2', ...speak });
  const troubles: string[] = [];
  if (marker?.firewall) {
    onWords?.('taking our rules out of firewalld');
    troubles.push(...(await closeFirewall(host, marker.firewall, call)));
  }
  await host.run(UNINSTALL_RKE2, { args, what: 'Uninstalling RKE2', ...speak });
  if (args.includes(NETWORK_MANAGER_PATH)) {
    await host.run(RELOAD_NETWORK_MANAGER, { what: 'Reloading NetworkManager', ...call });
  }
  onWords?.('looking what is left');
  return [...(await lookForLeftovers(host, args, call)), ...troubles];
}

/** What of RKE2, and of the files that the marker calls ours, is on a host; changes nothing. */
export async function findLeftovers(
  host: Host,
  marker: Marker | null,
  options: CallOptions = {},
): Promise<readonly string[]> {
  return lookForLeftovers(host, ownThings(marker), options);
}

async function lookForLeftovers(
  host: Host,
  args: readonly string[],
  options: CallOptions,
): Promise<readonly string[]> {
  const what = 'Looking for leftovers';
  const { stdout } = await host.run(LOOK_FOR_LEFTOVERS, { args, what, ...options });
  return [...new Set(stdout.split('\n').filter((line) => line !== ''))];
}

const RELOAD_NETWORK_MANAGER =
  'if systemctl is-active --quiet NetworkManager; then systemctl reload NetworkManager; fi';

/**
 * The scripts' arguments: the prefix, if it is known, RKE2's data directory, and our own files. The time to live goes
 * last by itself: should this be cut off, it still does the rest.
 */
function ownThings(marker: Marker | null, dataDir: string = DATA_DIR): readonly string[] {
  const files = (marker?.files ?? []).filter((path) => !isTtlPath(path));
  return [marker?.installed?.prefix ?? '', marker?.dataDir ?? dataDir, ...files];
}

/** A firewalld that is stopped or broken must not keep RKE2 on the host: what it keeps is named instead. */
async function closeFirewall(
  host: Host,
  remove: FirewallRecord,
  options: CallOptions,
): Promise<readonly string[]> {
  const nothing = { zone: remove.zone, ports: [], richRules: [], trustedSources: [], ipsets: {} };
  try {
    await applyFirewall(host, { add: nothing, remove, reload: true }, options);
    return [];
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    const words = lastLines(error.stderr, 1).join('');
    return [`our rules in firewalld, which could not be changed (${words})`];
  }
}

/** The scripts say `> words`; what RKE2's own scripts print goes to stderr. */
function wordsFrom(onWords: CleanOptions['onWords']): (chunk: Buffer) => void {
  return (chunk) => {
    for (const line of chunk.toString('utf8').split('\n')) {
      if (line.startsWith('> ')) onWords?.(line.slice(2));
    }
  };
}
