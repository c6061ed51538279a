import { hostCheck } from './check.ts';

/** Tarball and RPM must not be mixed on one host: two programs, two sets of units, and the install script refuses. */
export const packageKind = hostCheck('package-kind', 'error', ({ facts }, { cluster }) => {
  const { rke2 } = facts;
  if (cluster.install.package === 'tar' && rke2.rpm) {
    return {
      message:
        'RKE2 is installed here as RPM, and the file asks for the tarball: the two do not go together.',
      hint: 'Write `install: {method: script, package: rpm}`, or remove the packages first (`rke2-uninstall.sh`; this deletes the node’s data).',
    };
  }
  const unpacked = rke2.binaries.find((binary) => binary.path !== '/usr/bin/rke2');
  if (cluster.install.package === 'rpm' && !rke2.rpm && unpacked !== undefined) {
    return {
      message: `RKE2 is installed here from the tarball (${unpacked.path}), and the file asks for RPM: the two do not go together.`,
      hint: 'Write `install.package: tar`, or uninstall it first (`rke2-uninstall.sh`; this deletes the node’s data).',
    };
  }
  return null;
});
