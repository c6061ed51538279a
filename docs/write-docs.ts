import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderJsonSchema } from '../src/config/json-schema.ts';
import { renderDefaultsTable } from '../src/config/render-defaults.ts';
import { renderReference } from '../src/config/render-reference.ts';

// Everything in the repository that is made from the tables of keys; tests fail when one of them is stale.
const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const table = /(<!-- defaults:.*-->\n)[\s\S]*?(<!-- \/defaults -->)/;

writeFileSync(`${root}schemas/cluster.schema.json`, renderJsonSchema());
writeFileSync(`${root}docs/cluster-yml.md`, renderReference());
writeFileSync(
  `${root}README.md`,
  readme.replace(table, (_all, head: string, tail: string) => `${head}${renderDefaultsTable()}${tail}`),
);
