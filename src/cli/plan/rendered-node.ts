import { MASK, maskFile } from '../../config/mask-secrets.ts';
import type { Cluster, ClusterNode } from '../../domain/cluster.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import { type DesiredInput, desiredNode, factsOf } from '../../render/desired-node.ts';
import type { RenderedFile } from '../../render/rendered-file.ts';
import { createScrubber, SCRUBBED } from '../../ui/scrubber.ts';
import type { Style } from '../../ui/style.ts';
import { secretsOf } from '../secrets-of.ts';
import { UNKNOWN_HOSTNAME } from './assumed-facts.ts';

/** A node's files as they may be shown. */
export interface ShownNode {
  readonly node: Pick<PlannedNode, 'key' | 'name' | 'address' | 'roles' | 'service'>;
  readonly version: string;
  readonly files: readonly ShownFile[];
  /** What is not certain, as sentences. */
  readonly notes: readonly string[];
}

interface ShownFile {
  readonly path: string;
  readonly mode: string;
  /** null: not known yet. */
  readonly content: string | null;
}

/** The files that `up` would write for a node whose host is among the observed ones; no secret is in them. */
export function showNode(input: DesiredInput, spec: ClusterNode, notes: readonly string[]): ShownNode {
  const facts = factsOf(input.observed, spec.key);
  if (facts === null) throw new Error(`${spec.key} was not observed`);
  const { planned, files } = desiredNode(input, spec, facts);
  const mask = createMask(input.cluster, input);
  const isAssumed = planned.name === UNKNOWN_HOSTNAME.toLowerCase();
  return {
    node: {
      key: planned.key,
      name: planned.name,
      address: planned.address,
      roles: planned.roles,
      service: planned.service,
    },
    version: input.version,
    files: files.map(({ path, mode, secret, content }) => ({
      path,
      mode,
      content: content === null ? null : mask(content, secret),
    })),
    notes: [
      ...notes,
      ...(isAssumed ? ['Its name is not in the file: only the host knows it.'] : []),
      ...(files.some(isUnknownToken)
        ? ['Tokens of nodes that join are complete once the first server is up.']
        : []),
    ],
  };
}

function isUnknownToken({ content, path }: RenderedFile): boolean {
  return content === null && path.includes('token');
}

/** What is known to be secret is taken out; of a file that holds some of which nothing is known, all is. */
export function createMask(
  cluster: Cluster,
  { state }: Pick<DesiredInput, 'state'>,
): (content: string, secret: boolean) => string {
  const { agentToken, serverToken } = state.secrets;
  const { scrub } = createScrubber([serverToken, agentToken, ...secretsOf(cluster)]);
  return (content, secret) => {
    const masked = maskFile(scrub(content));
    return secret && !masked.includes(SCRUBBED) && !masked.includes(MASK) ? `${MASK}\n` : masked;
  };
}

/** The files one after another, each below its path and mode. */
export function renderNodeText({ node, version, files, notes }: ShownNode, style: Style): string {
  const lines = [
    `# ${node.name} (${node.key}): ${node.roles.join('+')}, ${version}, address ${node.address}`,
    ...notes.map((note) => `# ${note}`),
  ];
  const shown = files.map(
    ({ path, mode, content }) =>
      `\n${style.bold(`==> ${path} (${mode}) <==`)}\n${content === null ? '(not known yet)\n' : endLine(content)}`,
  );
  return `${lines.map((line) => `${line}\n`).join('')}${shown.join('')}`;
}

function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
