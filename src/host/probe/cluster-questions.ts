import { STATE_SECRET } from '../../domain/state-copy.ts';
import { quoteWord } from '../../lib/shell-quote.ts';
import { KUBECONFIG_PATH } from '../../rke2/paths.ts';

/** One annotation a line, as `name value`. */
const ANNOTATIONS = '{{range $k, $v := .metadata.annotations}}{{$k}} {{$v}}{{"\\n"}}{{end}}';

/**
 * A part of the probe: Nodes, etcd's members, and what the copy of the state says of itself; of the Secret nothing else leaves the host. All
 * three are asked at the same time, and pipes hold the other answers until the first is out. Where the API answers with an
 * error, kubectl prints an empty list all the same: what follows it then makes it no list at all.
 */
export const CLUSTER_QUESTIONS = `
K=${KUBECONFIG_PATH} T=$DD/server/tls/etcd
api() { timeout 7 "$DD/bin/kubectl" --kubeconfig "$K" --cache-dir /dev/null/none --request-timeout 5s get "$@" 2>/dev/null </dev/null; }
members() {
  if [ ! -e "$DD/server/db/etcd/name" ] || [ ! -s "$T/server-client.key" ]; then return; fi
  if command -v curl >/dev/null 2>&1; then
    curl -sS --max-time 5 --cacert "$T/server-ca.crt" --cert "$T/server-client.crt" --key "$T/server-client.key" \\
      -X POST -d '{}' https://127.0.0.1:2379/v3/cluster/member/list
  else
    echo '{}' | KUBECONFIG=/dev/null timeout 7 "$DD/bin/kubectl" --server=https://127.0.0.1:2379 --request-timeout=5s \\
      --certificate-authority="$T/server-ca.crt" --client-certificate="$T/server-client.crt" \\
      --client-key="$T/server-client.key" create --raw /v3/cluster/member/list -f -
  fi 2>/dev/null
}
# shellcheck disable=SC2016 # the dollars are those of the template
if [ -x "$DD/bin/kubectl" ] && [ -s "$K" ]; then
  members | {
    api secret ${STATE_SECRET.name} -n ${STATE_SECRET.namespace} -o go-template=${quoteWord(ANNOTATIONS)} | {
      m nodes; api nodes -o json || echo 'no answer'
      m state-copy; cat
    }
    m members; cat; echo
  }
fi`;
