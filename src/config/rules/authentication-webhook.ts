import { parseDocument } from 'yaml';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { splitStrategies } from '../keys/authentication.ts';
import { isSecretSource } from '../secret-value.ts';

/** A webhook for tokens is asked for by `strategy`, and described by `webhook`: one without the other is a mistake. */
export function checkAuthenticationWebhook(draft: ClusterDraft): readonly Finding[] {
  const authentication = draft.authentication ?? {};
  const { strategy, webhook } = authentication;
  if ('strategy' in authentication && strategy === undefined) return [];
  const isAskedFor = splitStrategies(strategy ?? 'x509').includes('webhook');
  const hasFile = webhook !== undefined && 'config_file' in webhook;
  if (isAskedFor && !hasFile) {
    return [
      findingAt(['authentication', 'strategy'], {
        code: 'webhook-incomplete',
        message:
          '`strategy` asks for a webhook, and there is no `webhook.config_file` that says where it is.',
        hint: 'Add `webhook: {config_file: "file:./webhook.yaml"}` with a kubeconfig of yours (RKE1’s own pointed to a part of Rancher), or write `strategy: x509`.',
      }),
    ];
  }
  if (!isAskedFor && webhook !== undefined && Object.keys(webhook).length > 0) {
    return [
      findingAt(
        ['authentication', 'webhook'],
        {
          code: 'webhook-unused',
          message: 'There is a `webhook` here, and `strategy` does not ask for it.',
          hint: 'Write `strategy: x509|webhook`, or leave `webhook` out.',
        },
        'key',
      ),
    ];
  }
  return webhook?.config_file === undefined ? [] : checkText(webhook.config_file);
}

function checkText(text: string): readonly Finding[] {
  if (isSecretSource(text)) return [];
  const document = parseDocument(text, { logLevel: 'silent' });
  const [error] = document.errors;
  const value: unknown = error ? null : document.toJS();
  if (typeof value === 'object' && value !== null && 'clusters' in value) return [];
  return [
    findingAt(['authentication', 'webhook', 'config_file'], {
      code: 'webhook-not-a-kubeconfig',
      message: `\`config_file\` is not the text of a kubeconfig${error ? `: ${error.message.split('\n')[0]}` : ', which has `clusters`'}.`,
      hint: 'Write the text itself below `|-`, or `file:PATH` for a file beside cluster.yml.',
    }),
  ];
}
