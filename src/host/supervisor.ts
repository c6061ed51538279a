import type { Secret } from '../domain/secret.ts';
import { DATA_DIR } from '../rke2/paths.ts';
import { commandFailure } from './command-failure.ts';
import type { Host } from './host.ts';

/**
 * $1: path; $2: data directory. Stdin: the password, then the body, a line each: neither is ever an argument or in a file.
 * curl where the host has it; else the node's own kubectl, which can PUT to any server: its kubeconfig comes by a pipe.
 */
const PUT = `
IFS= read -r password
IFS= read -r body
CA=$2/server/tls/server-ca.crt
quoted() { printf '%s' "$1" | sed 's/[\\\\"]/\\\\&/g'; }
if command -v curl >/dev/null 2>&1; then
  printf 'user = "server:%s"\\ndata = "%s"\\n' "$(quoted "$password")" "$(quoted "$body")" |
    curl -q -sS --noproxy '*' --max-time 60 --cacert "$CA" -X PUT -H 'Content-Type: application/json' -w '\\n%{http_code}' -K - \\
      "https://127.0.0.1:9345$1"
  exit
fi
{ printf '%s\\n' "$body" | KUBECONFIG=/dev/fd/3 "$2/bin/kubectl" --request-timeout=60s replace --raw "$1" -f - && printf '\\n200'; } 3<<CONFIG
{"apiVersion":"v1","kind":"Config","current-context":"it",
"contexts":[{"name":"it","context":{"cluster":"it","user":"it"}}],
"clusters":[{"name":"it","cluster":{"server":"https://127.0.0.1:9345","certificate-authority":"$CA"}}],
"users":[{"name":"it","user":{"username":"server","password":"$(quoted "$password")"}}]}
CONFIG
`;

/** Sends a request to a server's own supervisor, as whoever knows the server token. Rejects with its words. */
export async function putToSupervisor(
  host: Host,
  request: { readonly path: string; readonly token: Secret; readonly body: Secret; readonly what: string },
  options: { readonly dataDir?: string; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { dataDir, ...call } = options;
  const { stdout } = await host.run(PUT, {
    args: [request.path, dataDir ?? DATA_DIR],
    stdin: `${request.token.reveal()}\n${request.body.reveal()}\n`,
    timeoutMs: 90_000,
    what: request.what,
    ...call,
  });
  const lines = stdout.trimEnd().split('\n');
  const status = Number(lines.at(-1));
  if (status < 200 || status >= 300)
    throw commandFailure(host.target, request.what, 1, `HTTP ${status}: ${lines.slice(0, -1).join(' ')}`);
}
