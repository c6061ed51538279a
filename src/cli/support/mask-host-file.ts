import { type MaskedFind, maskEnvironmentFile, maskYamlFile } from '../../config/mask-found.ts';
import { CONFIG_DROPIN_DIR, OWN_FILES_DIR, SECRETS_DROPIN_PATH } from '../../rke2/paths.ts';

/** A file of a host as it may go into a bundle, or why it may not. */
export type MaskedFile = MaskedFind | { readonly why: string };

const CERTIFICATES_ONLY = /^(?:\s*-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\s*)+$/;

/** Masks by the kind of file that its path tells; of what is of no known kind nothing is shown. */
export function maskHostFile(path: string, text: string): MaskedFile {
  if (path === SECRETS_DROPIN_PATH) return { why: 'it holds nothing but secrets' };
  if (/\.(?:ya?ml|json)$/.test(path) || path.startsWith(`${CONFIG_DROPIN_DIR}/`))
    return maskYamlFile(text) ?? { why: 'it cannot be read as YAML, so its secrets cannot be told apart' };
  if (CERTIFICATES_ONLY.test(text)) return { text, found: [] };
  if (path.startsWith(`${OWN_FILES_DIR}/`))
    return { why: 'it is of a kind whose secrets cannot be told apart' };
  return maskEnvironmentFile(text);
}
