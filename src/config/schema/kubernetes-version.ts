import { NEWEST_RELEASE, OLDEST_MINOR, STABLE_RELEASE } from '../../rke2/known-releases.ts';
import { parseVersion } from '../../rke2/version.ts';
import { type Mistake, showValue } from '../finding.ts';
import { checked, text } from './scalars.ts';

const EXAMPLE = STABLE_RELEASE;
const RELEASES = 'The releases are listed at https://github.com/rancher/rke2/releases.';

/** Text that can be a version: the name of a channel never is one, in quotes as little as without. */
export const VersionSchema = checked(text(`must be a version of RKE2 such as \`${EXAMPLE}\``), (version) =>
  /^v?\d+(\.\d+)?$|^(stable|latest|testing)$/.test(version)
    ? {
        code: 'version-invalid',
        message: `${showValue(version)} is not a version but the name of a channel.`,
        hint: `Write a version such as \`${EXAMPLE}\`; or leave \`kubernetes_version\` out and name the channel as \`install.channel\`.`,
      }
    : null,
);

/** What is wrong with `kubernetes_version`, if anything; `held` is the release that lies in the artifacts, if that is known. */
export function checkVersion(version: string, held: string | null): Mistake | null {
  if (parseVersion(version)) return null;
  const { hint, message } = explain(version);
  if (held === null) return { code: 'version-invalid', message, hint };
  return {
    code: 'version-invalid',
    message,
    hint: `Write \`${held}\`, the release that \`install.artifacts\` holds.`,
  };
}

function explain(version: string): { message: string; hint: string } {
  const shown = showValue(version);
  const kubernetes = /v?(\d+\.\d+\.\d+)/.exec(version)?.[1];
  if (/rancher/.test(version)) {
    return {
      message: `${shown} is a version of RKE1; RKE2's own end in \`+rke2r1\`, \`+rke2r2\`, and so on.`,
      hint: `Write \`${EXAMPLE}\`, the stable release that this rke2ctl knows.${sameMinor(version)} ${RELEASES}`,
    };
  }
  if (/k3s/.test(version)) {
    return {
      message: `${shown} is a version of K3s; RKE2's own end in \`+rke2r1\`, \`+rke2r2\`, and so on.`,
      hint: `Write a version of RKE2 such as \`${EXAMPLE}\`. ${RELEASES}`,
    };
  }
  const spelled = `v${version.replace(/^v/i, '').replace(/(%2B|[-~_ ])rke2/i, '+rke2')}`;
  if (parseVersion(spelled)) {
    return { message: `${shown} is not how RKE2 writes its versions.`, hint: `Write \`${spelled}\`.` };
  }
  if (kubernetes && /^v?\d+\.\d+\.\d+$/.test(version)) {
    return {
      message: `${shown} does not say which build of RKE2 is meant.`,
      hint: `Add RKE2's suffix, for example \`v${kubernetes}+rke2r1\`. ${RELEASES}`,
    };
  }
  return {
    message: `${shown} is not a version of RKE2.`,
    hint: `Write one such as \`${EXAMPLE}\`. ${RELEASES}`,
  };
}

/** How to stay on the Kubernetes that the old cluster had, where RKE2 has it, too. */
function sameMinor(version: string): string {
  const minor = Number(/^v?1\.(\d{1,3})\./.exec(version)?.[1]);
  const newest = parseVersion(NEWEST_RELEASE)?.minor ?? 0;
  if (!(minor >= OLDEST_MINOR && minor <= newest)) return '';
  return ` The newest one of Kubernetes 1.${minor} is what \`install: {channel: v1.${minor}}\` finds when \`kubernetes_version\` is left out.`;
}
