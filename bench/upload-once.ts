import { stat } from 'node:fs/promises';
import { createHost } from '../src/host/host.ts';
import { uploadFile } from '../src/host/upload.ts';
import { createTransportContext } from '../src/transport/create-transport.ts';
import { formatTarget } from '../src/transport/ssh-host.ts';
import { Ssh2Transport } from '../src/transport/ssh2/ssh2-transport.ts';

/** Logs in, sends one file as an `up` does, and leaves; throws unless all of it had to be sent and was verified. */
async function uploadOnce(words: readonly string[]): Promise<void> {
  const [address, user, keyPath, knownHosts, source, destination, sha256] = words;
  if (!address || !user || !keyPath || !knownHosts || !source || !destination || !sha256)
    throw new Error('upload-once ADDRESS USER KEY KNOWN_HOSTS SOURCE DESTINATION SHA256');
  const settings = { hostKeys: 'strict', knownHosts, client: 'ssh2' } as const;
  const context = createTransportContext(
    { ...settings, connectTimeoutMs: 10_000, keepaliveMs: 15_000 },
    { env: {} },
  );
  const login = { address, port: 22, user };
  const transport = new Ssh2Transport(
    {
      ...login,
      target: formatTarget(login),
      auth: {
        key: null,
        keyPaths: [keyPath],
        keyPathsAreDefaults: false,
        certificate: null,
        certificatePath: null,
        agent: 'auto',
      },
      hostKeyName: address,
    },
    [],
    context.bastions,
  );
  await transport.connect();
  try {
    const host = createHost(transport, { askSudoPassword: async () => null });
    const { size } = await stat(source);
    const outcome = await uploadFile(host, { source, destination, sha256, sizeBytes: size, mode: '0644' });
    if (outcome !== 'sent') throw new Error(`the file was ${outcome} already`);
  } finally {
    await transport.close();
  }
}

await uploadOnce(process.argv.slice(2));
