import { Rke2ctlError } from '../domain/errors.ts';
import { writeFiles } from '../host/files.ts';
import { readOwnFiles } from '../host/read-own-files.ts';
import { endTtl, startTtl } from '../host/time-to-live.ts';
import { sha256 } from '../lib/hash.ts';
import type { StepHandler } from './step-handler.ts';
import { markerFile } from './write-files.ts';

/**
 * Lets the time begin after which the host takes the cluster away by itself, or takes that off it. Files, marker, then the
 * timer: cut off before the last, the next run sees a timer that is not armed.
 */
export const setTtl: StepHandler<'set-ttl'> = {
  title: ({ seconds }) => (seconds === null ? 'take the time to live away' : 'set the time to live'),
  run: async ({ node, seconds, files }, context) => {
    if (node === null) throw new Error('set-ttl needs a node');
    const host = context.host(node.key);
    const { signal } = context;
    if (seconds === null) {
      await endTtl(host, { signal });
      return 'done';
    }
    const all = context.files(node.key);
    const contents = files.map((planned) => {
      const content = all.find(({ path }) => path === planned.path)?.content ?? null;
      if (content === null || sha256(content) !== planned.sha256) throw moved(node.name, planned.path);
      return { path: planned.path, mode: planned.mode, content };
    });
    if (contents.length > 0) {
      const own = await readOwnFiles(
        host,
        all.map(({ path }) => path),
        { signal },
      );
      const marker = own.marker === null ? [] : [markerFile(own.marker, contents, [], { all, own })];
      await writeFiles(host, [...contents, ...marker], { signal });
    }
    await startTtl(host, seconds, { signal });
    return 'done';
  },
};

function moved(name: string, path: string): Error {
  return new Rke2ctlError({
    code: 'plan-stale',
    message: `${path} of ${name} would no longer be what was planned: cluster or state changed since.`,
    hint: 'Run the command again: it makes a new plan.',
  });
}
