import { fetchRequest } from '../host/fetch-request.ts';
import type { FileOrigin } from '../host/run-receive.ts';
import { artifactFileUrl } from '../rke2/artifact-url.ts';
import { obtainReleaseFile } from './obtain-release-file.ts';
import type { ReleaseFile } from './release-file.ts';
import { fullUrl } from './url-access.ts';
import type { UrlRelease } from './url-inventory.ts';

/** How nodes fetch the files of a release, through `proxy` if there is one; what this machine has to fetch it fetches once. */
export function urlOrigins(release: UrlRelease, proxy: string | null): (file: ReleaseFile) => FileOrigin {
  const { access } = release;
  const obtaining = new Map<string, Promise<void>>();
  return (file) => ({
    url: artifactFileUrl(access.base, file.name),
    request: fetchRequest({
      url: fullUrl(access, file.name),
      login: access.login?.reveal() ?? null,
      proxy,
    }),
    obtain: (signal) => {
      const known = obtaining.get(file.path);
      if (known !== undefined) return known;
      const begun = obtainReleaseFile(release, file, signal);
      obtaining.set(file.path, begun);
      begun.catch(() => obtaining.delete(file.path));
      return begun;
    },
  });
}
