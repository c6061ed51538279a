import { maskForms } from '../../config/mask-found.ts';
import { Secret } from '../../domain/secret.ts';
import { createScrubber } from '../../ui/scrubber.ts';

/** Something that would be in a bundle and is not. */
export interface Gap {
  /** null: of this machine, or of the cluster. */
  readonly node: string | null;
  readonly what: string;
  readonly why: string;
}

/** What goes into the bundle: texts by their path in it. Nothing is safe to show before `seal` has been over it all. */
export interface Bundle {
  add(path: string, text: string, truncated?: boolean): void;
  miss(gap: Gap): void;
  /** Texts that must not be in any file. */
  hide(secrets: readonly string[]): void;
  readonly gaps: readonly Gap[];
  /** Every file without secrets: what was hidden, and what is one by its form, wherever it was found. */
  seal(): readonly SealedFile[];
}

export interface SealedFile {
  readonly path: string;
  readonly text: string;
  readonly truncated: boolean;
}

/** An empty bundle. `scrub` takes out what is known before. */
export function createBundle(scrub: (text: string) => string): Bundle {
  const files = new Map<string, { readonly text: string; readonly truncated: boolean }>();
  const gaps: Gap[] = [];
  const hidden = new Set<string>();
  return {
    add: (path, text, truncated = false) => void files.set(path, { text, truncated }),
    miss: (gap) => void gaps.push(gap),
    hide: (secrets) => {
      for (const secret of secrets) hidden.add(secret);
    },
    get gaps() {
      return gaps.map((gap) => ({ ...gap, why: scrub(gap.why) }));
    },
    seal: () => {
      // Forms first: a secret that one log shows as such stands plain in another.
      const masked = [...files].map(([path, { text, truncated }]) => ({
        path,
        truncated,
        ...maskForms(text),
      }));
      const found = masked.flatMap((file) => file.found);
      const scrubber = createScrubber([...hidden, ...found].map((text) => new Secret(text)));
      return masked.map(({ path, text, truncated }) => ({
        path,
        truncated,
        text: scrubber.scrub(scrub(text)),
      }));
    },
  };
}
