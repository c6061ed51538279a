import { describeKey } from '../../config/describe-key.ts';
import { findKey, listBelow } from '../../config/find-key.ts';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import { renderKey, renderRke2Key, renderTopKeys } from '../config/explain-text.ts';
import type { OutputFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';

/** `rke2ctl explain [KEY]`: what a key of cluster.yml is for; without a key, which there are. */
export async function explain(asked: string | undefined, flags: OutputFlags): Promise<ExitCode> {
  const style = outputStyle();
  if (asked === undefined) {
    const top = listBelow('');
    write(flags, { keys: top.map(describeKey) }, () => renderTopKeys(top, style));
    return 0;
  }
  const found = findKey(asked);
  switch (found.kind) {
    case 'row': {
      const { row, below } = found;
      write(flags, { key: describeKey(row), keys: below.map(describeKey) }, () =>
        renderKey(row, below, style),
      );
      return 0;
    }
    case 'rke2':
      write(flags, { rke2: { path: found.path, ...found.key } }, () =>
        renderRke2Key(found.path, found.key, style),
      );
      return 0;
    case 'unknown':
      throw unknownKey(asked, found.nearest);
  }
}

function write(flags: OutputFlags, data: unknown, render: () => string): void {
  process.stdout.write(flags.output === 'json' ? `${JSON.stringify(data)}\n` : render());
}

function unknownKey(asked: string, nearest: readonly string[]): Rke2ctlError {
  return new Rke2ctlError({
    code: 'unknown-key',
    message: `cluster.yml has no key ${JSON.stringify(asked)}.`,
    hint:
      nearest.length === 0
        ? '`rke2ctl explain` lists the keys that there are.'
        : `Did you mean ${nearest.map((path) => `\`${path}\``).join(', ')}?`,
    exitCode: 3,
  });
}
