import { connectHost } from './connect-host.ts';
import { median } from './measure.ts';

const COMMANDS = 100;

/** Logs in once and prints the median of the milliseconds that `true` took, a hundred times one after another. */
async function commandOften(words: readonly string[]): Promise<void> {
  const [address, user, keyPath, knownHosts] = words;
  if (!address || !user || !keyPath || !knownHosts)
    throw new Error('command-often ADDRESS USER KEY KNOWN_HOSTS');
  const { transport, close } = await connectHost(address, { user, keyPath, knownHosts });
  try {
    const taken: number[] = [];
    for (let count = 0; count < COMMANDS; count += 1) {
      const began = performance.now();
      await transport.run({ command: 'true' });
      taken.push(performance.now() - began);
    }
    console.log(median(taken).toFixed(2));
  } finally {
    await close();
  }
}

await commandOften(process.argv.slice(2));
