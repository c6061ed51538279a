import { createHost, type Host } from '../src/host/host.ts';
import { createTransportContext } from '../src/transport/create-transport.ts';
import { formatTarget } from '../src/transport/ssh-host.ts';
import { Ssh2Transport } from '../src/transport/ssh2/ssh2-transport.ts';
import type { Transport } from '../src/transport/transport.ts';

/** A logged-in host as an `up` has it; whoever gets it closes it. */
export async function connectHost(
  address: string,
  {
    user,
    keyPath,
    knownHosts,
  }: { readonly user: string; readonly keyPath: string; readonly knownHosts: string },
): Promise<{ readonly host: Host; readonly transport: Transport; readonly close: () => Promise<void> }> {
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
  return {
    transport,
    host: createHost(transport, { askSudoPassword: async () => null }),
    close: () => transport.close(),
  };
}
