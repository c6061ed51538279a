import type { Service } from '../domain/role.ts';
import { unitName } from '../rke2/paths.ts';
import type { Host } from './host.ts';

/** $1: the unit; $2: the data directory; then services. The words go to stderr. */
const ROTATE = `
binary=$(systemctl show -p ExecStart --value "$1" | sed -n 's/^{ path=\\([^ ;]*\\).*/\\1/p' | head -n 1)
[ -x "$binary" ] || { echo "$1 is not installed as a service on this host" >&2; exit 127; }
dir=$2
shift 2
for service do
  set -- "$@" --service "$service"
  shift
done
exec "$binary" certificate rotate --data-dir "$dir" "$@"
`;

/**
 * Takes a stopped node's certificates out of use, so that its next start makes new ones; all of them, if no service is
 * named. RKE2 keeps the old ones beside them (`tls-<unix time>`). May be run again: then those of the last start go.
 */
export async function rotateCertificates(
  host: Host,
  service: Service,
  services: readonly string[],
  options: { readonly dataDir: string; readonly signal?: AbortSignal },
): Promise<void> {
  const { dataDir, ...call } = options;
  await host.run(ROTATE, {
    args: [unitName(service), dataDir, ...services],
    what: 'Rotating the certificates',
    ...call,
  });
}
