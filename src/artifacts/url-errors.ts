import type { Diagnostic } from '../domain/diagnostic.ts';
import { ArtifactError } from '../domain/errors.ts';
import { explainFetchFailure, proxyWords } from './explain-fetch.ts';

/** This machine gets no answer from a release's URL; `error` null: none came in time. `url` is shown. */
export function urlUnreachable(
  url: string,
  error: unknown,
  env: Readonly<Record<string, string | undefined>>,
): ArtifactError {
  const { words, isTrust } =
    error === null ? { words: 'no answer came in time', isTrust: false } : explainFetchFailure(error);
  return new ArtifactError({
    code: 'artifacts-unreachable',
    message: `${url} cannot be reached from this machine: ${words}.${proxyWords(env)}`,
    hint: isTrust
      ? 'Set NODE_EXTRA_CA_CERTS to a file with the CA of that server.'
      : 'Check `install.artifacts`, and network, DNS and proxy of this machine; or download the release’s files and name their directory.',
    retryable: true,
    cause: error ?? undefined,
  });
}

/** What a URL gives is of no use: `why` goes on after the URL, which is shown. */
export function urlUnusable(url: string, why: string, code = 'artifacts-url-unusable'): ArtifactError {
  return new ArtifactError({
    code,
    message: `${url} ${why}.`,
    hint: 'Check `install.artifacts` (and `install.login`): it must be where the files of the release lie under their own names.',
  });
}

/** The list of checksums is not the one that the file pins. */
export function listChanged(url: string, wanted: string, found: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-list-changed',
    message: `The list of checksums at ${url} is not the one that install.checksums names: it should have the SHA-256 ${wanted}, and has ${found}. Nothing was fetched.`,
    hint: 'If that is another release now, write its list’s SHA-256 there, from a place that you trust; if not, somebody changed what lies at that URL.',
    exitCode: 3,
  });
}

/** Nothing vouches for the list of an architecture. */
export function listNotPinned(url: string, arch: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-not-pinned',
    message: `Nothing vouches for ${url}: it comes by http://, and install.checksums has no entry for ${arch}.`,
    hint: `Write the SHA-256 of that file, from a place that you trust, as install.checksums.${arch}; or use https://.`,
    exitCode: 3,
  });
}

/** A node that cannot fetch by itself. Not an error as long as somebody can. */
export function urlUnreached(node: string, url: string, why: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'artifacts-url-unreached',
    message: `It cannot fetch from ${url} by itself (${why}); its files come from other nodes, or else by way of this machine.`,
    hint: 'Let it reach that server (route, DNS, proxy, the server’s CA), or leave it so: the files are verified either way.',
    node,
  };
}
