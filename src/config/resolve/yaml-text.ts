import { stringify } from 'yaml';
import type { JsonMap } from '../../domain/cluster.ts';

const HEADER = '# Written by rke2ctl. Edit cluster.yml and run `rke2ctl up`: changes made here are drift.\n';

/** An object of Kubernetes' as the text of a file, all text in quotes, so that readers of YAML 1.1 and 1.2 agree on it. */
export function yamlText(object: JsonMap): string {
  return HEADER + stringify(object, { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', lineWidth: 0 });
}
