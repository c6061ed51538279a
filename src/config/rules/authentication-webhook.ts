import { parseDocument } from 'yaml';
import { Secret } from '../../domain/secret.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { splitStrategies } from '../keys/authentication.ts';
import { isSecretSource, lookUpSecret } from '../secret-value.ts';
import type { RuleContext } from './rule.ts';

/** A webhook for tokens is asked for by `strategy`, and described by `webhook`: one without the other is a mistake. */
export function checkAuthenticationWebhook(draft: ClusterDraft, context: RuleContext): readonly Finding[] {
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
  return webhook?.config_file === undefined ? [] : checkText(webhook.config_file, context);
}

function checkText(written: string, context: RuleContext): readonly Finding[] {
  const read = lookUpSecret(written, context);
  if (!(read instanceof Secret) || read.reveal() === '') return [];
  const path = ['authentication', 'webhook', 'config_file'];
  const document = parseDocument(read.reveal(), { logLevel: 'silent' });
  const [error] = document.errors;
  const value: unknown = error ? null : document.toJS();
  if (typeof value !== 'object' || value === null || !('clusters' in value)) {
    const reason = error ? `: ${error.message.split('\n')[0]}` : ', which has `clusters`';
    return [
      findingAt(path, {
        code: 'webhook-not-a-kubeconfig',
        message: `${isSecretSource(written) ? `What \`${written}\` stands for` : '`config_file`'} is not the text of a kubeconfig${reason}.`,
        hint: 'Write the text itself below `|-`, or `file:PATH` for a file beside cluster.yml.',
      }),
    ];
  }
  return findPaths(read.reveal()).map((key) =>
    findingAt(path, {
      code: 'webhook-file',
      severity: 'warning',
      message: `The webhook's kubeconfig names a file as \`${key}\`, which the API server does not see by itself.`,
      hint: `Put its contents in as \`${key}-data\` (base64), or mount the file by \`services.kube-api.extra_binds\`.`,
    }),
  );
}

/** Keys of a kubeconfig that name files. */
function findPaths(kubeconfig: string): readonly string[] {
  return ['certificate-authority', 'client-certificate', 'client-key'].filter((key) =>
    new RegExp(`(^|[\\s{,"])${key}"?:\\s*\\S`, 'm').test(kubeconfig),
  );
}
