import type { Diagnostic } from '../domain/diagnostic.ts';
import { renderFindings } from './findings-view.ts';
import type { Style } from './style.ts';
import { countText } from './table.ts';

/** What an adoption came to. */
export interface AdoptionReport {
  /** Where cluster.yml lies, and what was written beside it. */
  readonly file: string;
  readonly files: readonly string[];
  readonly nodes: readonly { readonly name: string; readonly roles: readonly string[] }[];
  /** What a person should know: what was left on the hosts, and what `up` would make otherwise. */
  readonly notes: readonly Diagnostic[];
  /** True when `plan` has something to show now. */
  readonly differs: boolean;
}

/** The notes with their counts, for stderr. */
export function renderAdoptionNotes({ notes }: Pick<AdoptionReport, 'notes'>, style: Style): string {
  return renderFindings(notes, style);
}

/** What is there now and what comes next, for stdout. */
export function renderAdoption({ file, files, nodes, differs }: AdoptionReport): string {
  const flag = file === 'cluster.yml' ? '' : ` -c ${file}`;
  const written = [file, ...files].join(', ');
  return [
    `Taken over: ${countText(nodes.length, 'node')}; nothing was restarted or changed on them but for the marker.`,
    `Written: ${written}, and the state beside it. Keep the state: it holds the cluster's tokens.`,
    differs
      ? `Not everything can be said as it was: \`rke2ctl plan${flag}\` shows what \`up\` would change.`
      : `\`rke2ctl plan${flag}\` has nothing to do. From here on edit ${file} and run \`rke2ctl up${flag}\`.`,
    '',
  ].join('\n');
}
