import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** Images are pulled by https, so that a proxy for http alone lets none through. */
export function checkProxy(draft: ClusterDraft): readonly Finding[] {
  const { proxy } = draft;
  if (!proxy || 'https' in proxy) return [];
  if ('http' in proxy) {
    return [
      findingAt(
        ['proxy', 'http'],
        {
          code: 'proxy-https-missing',
          severity: 'warning',
          message:
            'Only `http://` goes through this proxy; images are pulled by `https://`, and would go around it.',
          hint: 'Write the proxy as `https`, too; its own URL may well begin with `http://`.',
        },
        'key',
      ),
    ];
  }
  if (!('no_proxy' in proxy)) return [];
  return [
    findingAt(
      ['proxy', 'no_proxy'],
      {
        code: 'proxy-missing',
        severity: 'warning',
        message: 'Exceptions from a proxy are named, but no proxy is.',
        hint: 'Add `https` and `http` with the proxy’s URL, or leave `proxy` out.',
      },
      'key',
    ),
  ];
}
