import { CA_NAMES, type CaName, type ClusterCa, type ClusterCas } from '../domain/cluster-cas.ts';
import { Rke2ctlError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { caBootstrapData } from '../rke2/ca-bootstrap-data.ts';
import { DATA_DIR, tlsDir } from '../rke2/paths.ts';
import type { Host } from './host.ts';
import { putToSupervisor } from './supervisor.ts';

const FILE = '@@file ';

/** $1: the directory; after it names of files in it. Each is printed below a line with its name. */
const READ = `
cd "$1" || exit 1
shift
for f in "$@"; do if [ -f "$f" ]; then echo "${FILE}$f"; cat "$f"; echo; fi; done`;

interface CallOptions {
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
}

/** The CAs that a server works with, their keys among them. Rejects where one of their files is not there. */
export async function readClusterCas(host: Host, options: CallOptions = {}): Promise<ClusterCas> {
  const { dataDir = DATA_DIR, ...call } = options;
  const names = [...CA_NAMES.flatMap((name) => [`${name}.crt`, `${name}.key`]), 'service.key'];
  const { stdout } = await host.run(READ, {
    args: [tlsDir(dataDir), ...names],
    what: 'Reading the certificate authorities',
    ...call,
  });
  const texts = new Map(
    stdout
      .split(FILE)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return [part.slice(0, end), `${part.slice(end + 1).trim()}\n`] as const;
      }),
  );
  const cas = CA_NAMES.map((name): readonly [CaName, ClusterCa] => {
    const [certificates, key] = [texts.get(`${name}.crt`), texts.get(`${name}.key`)];
    if (certificates === undefined || key === undefined) throw isMissing(host, name, dataDir);
    return [name, { certificates, key: new Secret(key) }];
  });
  const service = texts.get('service.key');
  return {
    cas: Object.fromEntries(cas) as Record<CaName, ClusterCa>,
    serviceKey: service === undefined ? null : new Secret(service),
  };
}

/**
 * Has a running server put other CAs into the cluster's own data, from which every server takes them when it starts anew.
 * Without `force` RKE2 refuses those that the present ones do not lead to. Nothing lies on a disk on the way.
 */
export async function putClusterCas(
  host: Host,
  cas: ClusterCas,
  { token, force, now }: { readonly token: Secret; readonly force: boolean; readonly now: Date },
  options: CallOptions = {},
): Promise<void> {
  const request = {
    path: `/v1-rke2/cert/cacerts?force=${force}`,
    token,
    body: caBootstrapData(cas, now),
    what: 'Giving the cluster other certificate authorities',
  };
  await putToSupervisor(host, request, options);
}

function isMissing(host: Host, name: CaName, dataDir: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'ca-file-missing',
    message: `${tlsDir(dataDir)} on ${host.target} lacks ${name}.crt or ${name}.key, which every server has once it has started.`,
    hint: 'Start rke2-server there, or ask another server; then run the same command again.',
  });
}
