import { FETCH_URL } from './fetch-script.ts';
import type { Host } from './host.ts';

/** A file that is bigger is not fetched to its end. */
const MOST_BYTES = 1_000_000;

/** $1: FETCH_URL; on stdin its request. Says `why <words>` when nothing can be fetched. */
const TRY_URL = `
IFS= read -r request
sh -c "$1" fetch 0 ${MOST_BYTES} alone 3>&1 >/dev/null 5<<EOF
$request
EOF
`;

/** Has a host fetch a small file and throw it away; why it could not, or null. `request` is as `fetchRequest` makes it. */
export async function tryUrl(host: Host, request: string, signal: AbortSignal): Promise<string | null> {
  const { stdout } = await host.run(TRY_URL, {
    args: [FETCH_URL],
    stdin: `${request}\n`,
    signal,
    what: 'Trying the URL of the artifacts',
  });
  return /^why (.*)$/m.exec(stdout)?.[1] ?? null;
}
