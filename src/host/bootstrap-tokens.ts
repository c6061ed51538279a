import { Secret } from '../domain/secret.ts';
import { KUBECONFIG_PATH } from '../rke2/paths.ts';
import { commandFailure } from './command-failure.ts';
import type { Host } from './host.ts';
import type { CallOptions } from './kubectl.ts';
import { runKubectl } from './run-kubectl.ts';

/** A token with which agents may join for a while; its secret half is told once, when it is made. */
export interface BootstrapToken {
  /** Six characters; what it is called. */
  readonly id: string;
  /** Milliseconds since the epoch; null: it does not end. */
  readonly expires: number | null;
  readonly description: string;
}

/** $1: kubeconfig; $2: time to live; $3: description, which may be empty. */
const CREATE = `
binary=$(systemctl show -p ExecStart --value rke2-server.service | sed -n 's/^{ path=\\([^ ;]*\\).*/\\1/p' | head -n 1)
[ -x "$binary" ] || { echo 'rke2-server is not installed as a service on this host' >&2; exit 127; }
exec "$binary" token create --kubeconfig "$1" --ttl "$2" --description "$3"
`;

/** Makes a token; gives it whole (`K10<hash>::id.secret`). RKE2 thinks it up, so it is in no command line. */
export async function createBootstrapToken(
  host: Host,
  { ttlMs, description }: { readonly ttlMs: number; readonly description: string },
  options: { readonly signal?: AbortSignal } = {},
): Promise<Secret> {
  const what = 'Making a bootstrap token';
  const args = [KUBECONFIG_PATH, `${Math.ceil(ttlMs / 1000)}s`, description];
  const { stdout } = await host.run(CREATE, { args, timeoutMs: 60_000, what, ...options });
  const token = stdout
    .split('\n')
    .find((line) => /^K10[0-9a-f]{64}::[a-z0-9]{6}\.[a-z0-9]{16}$/.test(line.trim()));
  if (token === undefined) throw commandFailure(host.target, what, 0, 'RKE2 gave no token');
  return new Secret(token.trim());
}

const TYPE = 'bootstrap.kubernetes.io/token';

/** The bootstrap tokens that there are. Their secret halves do not leave the host. */
export async function listBootstrapTokens(
  host: Host,
  options: CallOptions = {},
): Promise<readonly BootstrapToken[]> {
  const fields = ['token-id', 'expiration', 'description'].map((field) => `{.data.${field}}{","}`).join('');
  const path = `{range .items[?(@.type=="${TYPE}")]}${fields}{"\\n"}{end}`;
  const args = ['get', 'secrets', '-n', 'kube-system', '-o', `jsonpath=${path}`];
  const { stdout } = await runKubectl(host, args, { what: 'Listing the bootstrap tokens', ...options });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line): BootstrapToken => {
      const [id = '', expiration = '', description = ''] = line
        .split(',')
        .map((field) => Buffer.from(field, 'base64').toString('utf8'));
      return { id, expires: expiration === '' ? null : Date.parse(expiration), description };
    });
}

/** Deletes a token by its id; false when there is none of that id. */
export async function deleteBootstrapToken(
  host: Host,
  id: string,
  options: CallOptions = {},
): Promise<boolean> {
  const args = ['delete', 'secret', `bootstrap-token-${id}`, '-n', 'kube-system', '--ignore-not-found'];
  const { stdout } = await runKubectl(host, args, { what: `Deleting the bootstrap token ${id}`, ...options });
  return stdout.trim() !== '';
}
