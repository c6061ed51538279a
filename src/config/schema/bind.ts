import { type Mistake, showValue } from '../finding.ts';
import { checked, text } from './scalars.ts';

/** A mount as Docker writes it, `source:target[:options]`. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly mode: 'ro' | 'rw' | null;
  /** Docker was asked to change the SELinux label of the source (`z`, `Z`). */
  readonly relabels: boolean;
}

const EXAMPLE = 'Write such as `/opt/data:/opt/data:ro`.';

/** Reads a bind; what RKE2 could not mount comes back as a Mistake. */
export function parseBind(written: string): Bind | Mistake {
  const [source = '', target, options = '', ...rest] = written.split(':');
  const shown = showValue(written);
  if (target === undefined || rest.length > 0) {
    return { message: `${shown} is not a mount of the form \`source:target\`.`, hint: EXAMPLE };
  }
  const relative = [source, target].find((path) => !path.startsWith('/'));
  if (relative !== undefined) {
    return {
      message: `In ${shown}, ${showValue(relative)} is not an absolute path, and RKE2 mounts paths of the host only.`,
      hint: EXAMPLE,
    };
  }
  const words = options.split(',').filter((word) => word !== '');
  const strange = words.find((word) => !['ro', 'rw', 'z', 'Z'].includes(word));
  if (strange !== undefined) {
    return {
      message: `${shown} has the option \`${strange}\`, which RKE2 does not know: it would leave the mount away.`,
      hint: 'Leave the option out; `ro` and `rw` are all there is.',
    };
  }
  const mode = words.includes('ro') ? 'ro' : words.includes('rw') ? 'rw' : null;
  return { source, target, mode, relabels: words.some((word) => word.toLowerCase() === 'z') };
}

/** One mount of a component, in Docker's form. */
export const BindSchema = checked(text('must be text such as `/opt/data:/opt/data:ro`'), (written) => {
  const bind = parseBind(written);
  return 'message' in bind ? bind : null;
});
