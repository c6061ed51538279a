import { readFileSync } from 'node:fs';
import type { ConfigEnvironment } from '../../src/config/environment.ts';

/** Who reads a cluster.yml in tests: a person `me` in /srv/site, without variables; real files, no commands. */
export function configEnvironment(overrides: Partial<ConfigEnvironment> = {}): ConfigEnvironment {
  return {
    user: 'me',
    home: '/home/me',
    cwd: '/srv/site',
    variables: {},
    readFile: (path) => {
      try {
        return readFileSync(path);
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    },
    runCommand: null,
    ...overrides,
  };
}
