import { ArtifactError, type ExitCode } from '../../domain/errors.ts';
import { readCluster } from '../cluster-source.ts';
import { type ImageReport, reportImages } from '../config/image-report.ts';
import type { ConfigImagesFlags } from '../flags.ts';
import { versionOfArtifacts } from '../plan/assume-input.ts';
import { showFindings } from '../show-findings.ts';
import { readState } from '../state/read-state.ts';

/**
 * `rke2ctl config images`: the images that this cluster needs, one a line, for mirroring; from the release's own lists in
 * `install.artifacts`. Where those are missing it names them with their addresses and ends with 1. `--output json` gives
 * `{version, architectures, bundles, images, missing}`, with `images` null then.
 */
export async function configImages(flags: ConfigImagesFlags): Promise<ExitCode> {
  const { cluster, findings } = await readCluster(flags.config);
  const version =
    cluster.version ??
    (await readState(flags.config[0] ?? ''))?.version ??
    (await versionOfArtifacts(cluster));
  if (version === null) throw versionUnknown();
  const report = await reportImages(cluster, version, flags.arch ?? null);
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return report.images === null ? 1 : 0;
  }
  if (report.images === null) throw listsMissing(report, cluster.install.artifacts);
  showFindings(findings);
  process.stdout.write(report.images.map((image) => `${image}\n`).join(''));
  return 0;
}

function versionUnknown(): ArtifactError {
  return new ArtifactError({
    code: 'version-unknown',
    message:
      'Neither file nor state nor artifacts say which version of RKE2 it will be, and images belong to a version.',
    hint: 'Write `kubernetes_version: v1.35.7+rke2r1`, or whichever it is to be, into cluster.yml.',
    exitCode: 3,
  });
}

function listsMissing({ missing, version }: ImageReport, artifacts: string | null): ArtifactError {
  const lists = missing.map(({ url }) => `\n  ${url}`).join('');
  const place = artifacts ?? 'a directory';
  return new ArtifactError({
    code: 'image-lists-missing',
    message: `The images of ${version} stand in lists of the release, which are not at hand:${lists}`,
    hint: `Download them and sha256sum-ARCH.txt beside them into ${place}${artifacts === null ? ', name that as `install.artifacts`' : ''}, and run this again. Or read them as they are: one image a line.`,
  });
}
