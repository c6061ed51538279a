import { parse, stringify } from 'yaml';
import type { JsonMap } from '../../domain/cluster.ts';

const HEADER = '# Written by rke2ctl. Edit cluster.yml and run `rke2ctl up`: changes made here are drift.\n';

/**
 * An object of Kubernetes' as the text of a file from which readers of YAML 1.1 and of 1.2 get the same values: as people
 * write it where that is enough, else with all text in quotes.
 */
export function yamlText(object: JsonMap): string {
  const plain = stringify(object, { version: '1.1', lineWidth: 0 });
  if (JSON.stringify(parse(plain)) === JSON.stringify(object)) return HEADER + plain;
  return HEADER + stringify(object, { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0 });
}
