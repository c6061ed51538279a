import { stringify } from 'yaml';
import type { JsonMap } from '../../domain/cluster.ts';

const HEADER = '# Written by rke2ctl. Edit cluster.yml and run `rke2ctl up`: changes made here are drift.\n';

/** An object of Kubernetes' as the text of a file; readers of YAML 1.1, which Kubernetes has, get the same values from it. */
export function yamlText(object: JsonMap): string {
  return HEADER + stringify(object, { version: '1.1', lineWidth: 0 });
}
