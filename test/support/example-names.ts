import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));

/** The folders of examples/ that hold a cluster.yml. */
export const EXAMPLE_NAMES: readonly string[] = readdirSync(folder).filter((name) =>
  existsSync(`${folder}${name}/cluster.yml`),
);
