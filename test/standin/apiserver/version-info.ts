/** What /version answers; `gitVersion` is the configured one, e.g. `v1.35.7+rke2r1`. */
export function describeVersion(version: string): Record<string, string> {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return {
    major,
    minor,
    gitVersion: version,
    gitCommit: 'stand-in',
    gitTreeState: 'clean',
    buildDate: '2026-01-01T00:00:00Z',
    goVersion: `node ${process.version}`,
    compiler: 'node',
    platform: `linux/${architecture}`,
  };
}
