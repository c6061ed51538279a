import { stat } from 'node:fs/promises';
import { createDistributor } from '../src/artifacts/distributor.ts';
import { connectHost } from './connect-host.ts';

/**
 * Logs in to all hosts, brings one file to each as an `up` does, from when it is logged in, and leaves; throws unless each
 * got it, verified.
 */
async function fanOutOnce(words: readonly string[]): Promise<void> {
  const [user, keyPath, knownHosts, source, destination, sha256, ...addresses] = words;
  if (!user || !keyPath || !knownHosts || !source || !destination || !sha256 || addresses.length === 0)
    throw new Error('fan-out-once USER KEY KNOWN_HOSTS SOURCE DESTINATION SHA256 ADDRESS…');
  const connected = new Map<string, Awaited<ReturnType<typeof connectHost>>>();
  const distributor = createDistributor({
    host: (key) => {
      const host = connected.get(key)?.host;
      if (host === undefined) throw new Error(`no host ${key}`);
      return host;
    },
    isShared: true,
    held: [],
    fanOut: 2,
    nodeBytesPerSecond: null,
    zone: '',
    now: () => performance.now(),
  });
  const { size } = await stat(source);
  const upload = { source, destination, sha256, sizeBytes: size, mode: '0644' };
  try {
    const outcomes = await Promise.all(
      addresses.map(async (address) => {
        connected.set(address, await connectHost(address, { user, keyPath, knownHosts }));
        return distributor.deliver({ key: address, address }, upload);
      }),
    );
    if (outcomes.some((outcome) => outcome !== 'sent')) throw new Error('the file was there already');
  } finally {
    await distributor.close();
    await Promise.all([...connected.values()].map(({ close }) => close()));
  }
}

await fanOutOnce(process.argv.slice(2));
