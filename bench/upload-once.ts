import { stat } from 'node:fs/promises';
import { uploadFile } from '../src/host/upload.ts';
import { connectHost } from './connect-host.ts';

/** Logs in, sends one file as an `up` does, and leaves; throws unless all of it had to be sent and was verified. */
async function uploadOnce(words: readonly string[]): Promise<void> {
  const [address, user, keyPath, knownHosts, source, destination, sha256] = words;
  if (!address || !user || !keyPath || !knownHosts || !source || !destination || !sha256)
    throw new Error('upload-once ADDRESS USER KEY KNOWN_HOSTS SOURCE DESTINATION SHA256');
  const { host, close } = await connectHost(address, { user, keyPath, knownHosts });
  try {
    const { size } = await stat(source);
    const outcome = await uploadFile(host, { source, destination, sha256, sizeBytes: size, mode: '0644' });
    if (outcome !== 'sent') throw new Error(`the file was ${outcome} already`);
  } finally {
    await close();
  }
}

await uploadOnce(process.argv.slice(2));
