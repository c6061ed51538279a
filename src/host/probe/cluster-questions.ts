import { STATE_SECRET } from '../../domain/state-copy.ts';
import { quoteWord } from '../../lib/shell-quote.ts';
import { KUBECONFIG_PATH } from '../../rke2/paths.ts';

/** One annotation a line, as `name value`. */
const ANNOTATIONS = '{{range $k, $v := .metadata.annotations}}{{$k}} {{$v}}{{"\\n"}}{{end}}';

const SECRET_URL = `api/v1/namespaces/${STATE_SECRET.namespace}/secrets/${STATE_SECRET.name}`;

/** An API server answers this with an object's metadata and nothing else, or refuses. */
const METADATA_ONLY = 'Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/**
 * `pretty`: curl is taken for a person, and nearly half of what it gets is white space. A Node comes to some ten kilobytes all
 * the same, so a thousand of them are asked of one server only; of the others any Node will do.
 */
const NODES = {
  all: { section: 'nodes', url: '/api/v1/nodes?pretty=false' },
  one: { section: 'api', url: '/api/v1/nodes?pretty=false&limit=1' },
} as const;

/**
 * A part of the probe: Nodes (all of them in section `nodes`, or one in `api`), etcd's members, and what the copy of the state
 * says of itself; of the Secret nothing else leaves the host. etcd is asked at the same time as the API server, and a pipe
 * holds its answer until the other is out. Asked with curl, which starts in a tenth of the time that kubectl takes, where it
 * is there and the kubeconfig's certificates lie in files of their own, as RKE2 writes them. An error of the API's is no list
 * of Nodes.
 */
export function clusterQuestions(nodes: keyof typeof NODES): string {
  const { section, url } = NODES[nodes];
  return `
K=${KUBECONFIG_PATH} TLS=$DD/server/tls
T=$TLS/etcd
api() { timeout 7 "$DD/bin/kubectl" --kubeconfig "$K" --cache-dir /dev/null/none --request-timeout 5s get "$@" 2>/dev/null </dev/null; }
members() {
  if [ ! -e "$DD/server/db/etcd/name" ] || [ ! -s "$T/server-client.key" ]; then return; fi
  if [ "$CURL" = 1 ]; then
    curl -q -sS --noproxy '*' --max-time 5 --cacert "$T/server-ca.crt" --cert "$T/server-client.crt" --key "$T/server-client.key" \\
      -X POST -d '{}' https://127.0.0.1:2379/v3/cluster/member/list
  else
    echo '{}' | KUBECONFIG=/dev/null timeout 7 "$DD/bin/kubectl" --server=https://127.0.0.1:2379 --request-timeout=5s \\
      --certificate-authority="$T/server-ca.crt" --client-certificate="$T/server-client.crt" \\
      --client-key="$T/server-client.key" create --raw /v3/cluster/member/list -f -
  fi 2>/dev/null
}
nodes() {
  set -- -sS --noproxy '*' --cacert "$TLS/server-ca.crt" --cert "$TLS/client-admin.crt" --key "$TLS/client-admin.key"
  m ${section}
  curl -q "$@" --max-time 5 -w "\\\\n$M state-copy\\\\n" "$URL"${quoteWord(url)} \\
    --next "$@" --max-time 2 -H ${quoteWord(METADATA_ONLY)} "$URL/${SECRET_URL}" 2>/dev/null </dev/null
  echo
}
# shellcheck disable=SC2016 # the dollars are those of the template
if [ -x "$DD/bin/kubectl" ] && [ -s "$K" ]; then
  CURL=0 URL=
  if command -v curl >/dev/null 2>&1; then CURL=1; fi
  if [ $CURL = 1 ] && [ -s "$TLS/server-ca.crt" ] && [ -s "$TLS/client-admin.crt" ] && [ -s "$TLS/client-admin.key" ]; then
    while read -r key value; do
      if [ "$key" = server: ]; then URL=$value; break; fi
    done <"$K"
  fi
  members | {
    case $URL in
      https://*) nodes ;;
      *)
        api secret ${STATE_SECRET.name} -n ${STATE_SECRET.namespace} -o go-template=${quoteWord(ANNOTATIONS)} | {
          m ${section}; api --raw ${quoteWord(url)}
          echo
          m state-copy; cat
        }
    esac
    m members; cat; echo
  }
fi`;
}
