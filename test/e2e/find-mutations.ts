import { STOP_GROUP } from '../../src/host/stop-group.ts';

/** A command as `record-transport.mjs` writes it down. */
export interface SentCommand {
  readonly target: string;
  readonly command: string;
  readonly stdin: string;
}

const PROGRAMS =
  'rm|mv|cp|mkdir|rmdir|touch|chmod|chown|ln|install|tee|truncate|mktemp|rsync|modprobe|reboot|shutdown|restorecon|swapoff|kill|pkill';

/** What changes a host or the cluster, as it stands in scripts. */
const MUTATIONS: readonly RegExp[] = [
  new RegExp(`(?:^|[;&|({\`]|\\b(?:then|else|do|exec|sudo))[ \\t]*(?:${PROGRAMS})[ \\t]`, 'm'),
  /\bsystemctl(?:[ \t]+-\S+)*[ \t]+"?(?:start|stop|restart|reload|try-restart|enable|disable|mask|unmask|daemon-reload|reset-failed|set-property|kill|\$2)\b/,
  /\bsysctl[ \t]+(?:-w|--system|-p)/,
  /\bfirewall(?:-offline)?-cmd\b[^\n]*--(?:add|remove|reload|new|delete|set|change|complete-reload)/,
  /\bdd\b[^\n;|]*\bof=(?!\/dev\/null)/,
  // Into a file; `>&2`, `/dev/null`, bash's sockets and comparisons with numbers are none.
  /(?<![=-])>>?[ \t]*(?!&)(?!\/dev\/(?:null|tcp\/))["']?[/$A-Za-z.~]/,
  /\brke2\b[^\n]*\b(?:etcd-snapshot (?:save|delete|prune)|certificate rotate|secrets-encrypt|uninstall|killall)/,
  // etcd's gateway reads by POST, too.
  /\/v3\/(?!maintenance\/status|maintenance\/alarm [^\n]*"action":"GET"|cluster\/member\/list|kv\/range)/,
];

const KUBECTL_VERB =
  /(?:^|[\s'"])(?:apply|create(?![ \t]+--raw)|delete|patch|replace|annotate|label|taint|cordon|uncordon|drain|edit|scale)(?=[\s'");]|$)/m;

const LOADER_END = '#rke2ctl-script-ends-here';

/**
 * The parts of a command that change something. Ending what we ourselves started is none; nor is the measurement of a
 * disk, which `check` sends and the script itself leaves out on a host that is in service.
 */
export function findMutations({ command, stdin }: SentCommand): readonly string[] {
  const loaded = stdin.includes(LOADER_END);
  const script = loaded ? stdin.slice(0, stdin.indexOf(LOADER_END)) : command;
  if (script.includes(STOP_GROUP)) return [];
  const text = script
    .replace(/^.*\.rke2ctl-fsync.*$/gm, '')
    .replace(/^[ \t]*#.*$/gm, '')
    .replaceAll(/[ \t]+# .*$/gm, '');
  const patterns = text.includes('kubectl') ? [...MUTATIONS, KUBECTL_VERB] : MUTATIONS;
  return patterns.flatMap((pattern) => {
    const found = pattern.exec(text);
    if (found === null) return [];
    const lines = text.slice(0, found.index + found[0].length).split('\n');
    return [
      `${lines.at(-1)}${text.slice(found.index + found[0].length).split('\n')[0]}`.trim().slice(0, 160),
    ];
  });
}
