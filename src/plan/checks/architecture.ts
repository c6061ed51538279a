import { RELEASE_ARCHITECTURES } from '../../rke2/requirements.ts';
import { hostCheck } from './check.ts';

/** The release in the artifacts must be built for the host's processor. */
export const architecture = hostCheck('architecture', 'error', ({ facts }, { architectures }) => {
  const arch = RELEASE_ARCHITECTURES.get(facts.arch);
  if (arch === undefined) {
    return {
      message: `The host is ${facts.arch}; RKE2 is released for amd64 (x86_64) and arm64 (aarch64) only.`,
      hint: 'Take the host out of the file.',
    };
  }
  if (architectures === null || architectures.includes(arch)) return null;
  return {
    message: `The host is ${arch}, and the artifacts hold RKE2 for ${architectures.join(', ') || 'no architecture'}: its programs would not run here.`,
    hint: `Put the files of the same release for linux-${arch} and sha256sum-${arch}.txt into the artifact directory; architectures may be mixed.`,
  };
});
