import * as z from 'zod';
import { OWN_FILES_DIR } from '../../rke2/paths.ts';
import { showValue } from '../finding.ts';
import { SansSchema } from '../schema/sans.ts';
import { checked, text } from '../schema/scalars.ts';
import { config, file, group, mapped, ours, warned } from './key.ts';

/** Where the webhook's kubeconfig lies on the servers. */
export const WEBHOOK_PATH = `${OWN_FILES_DIR}/authentication-webhook.yaml`;

const FLAGS = config('kube-apiserver-arg');

const StrategySchema = checked(text('must be `x509`, or `x509|webhook`'), (written) => {
  const strange = splitStrategies(written).find((each) => each !== 'x509' && each !== 'webhook');
  if (strange !== undefined) {
    return {
      message: `${showValue(strange)} is no way of authentication that RKE1 or RKE2 has.`,
      hint: 'Write `x509`, or `x509|webhook`.',
    };
  }
  return splitStrategies(written).includes('x509')
    ? null
    : {
        message: 'Client certificates (`x509`) are always accepted: the nodes themselves come with them.',
        hint: 'Write `x509|webhook`.',
      };
});

/** The ways of authentication that `strategy` names, in small letters. */
export function splitStrategies(written: string): readonly string[] {
  return written.split('|').map((each) => each.trim().toLowerCase());
}

const WEBHOOK_KEYS = {
  config_file: mapped(text('must be the text of a kubeconfig'), {
    description: 'The kubeconfig (its text) by which the API server asks the webhook about tokens.',
    examples: ['file:./authentication-webhook.yaml'],
    secret: true,
    verbatim: true,
    becomes: [file(WEBHOOK_PATH), FLAGS],
  }),
  cache_timeout: mapped(
    checked(text('must be a time such as `5s`'), (written) =>
      /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(written)
        ? null
        : { message: `${showValue(written)} is not a length of time.`, hint: 'Write such as `5s` or `2m`.' },
    ),
    {
      description: 'How long an answer of the webhook is believed.',
      examples: ['5s'],
      default: '`5s`',
      becomes: [FLAGS],
    },
  ),
};

/** How the API server knows people, and by which names it is known. */
export const AUTHENTICATION_KEYS = {
  strategy: mapped(StrategySchema, {
    description: '`x509`, or `x509|webhook` to ask a webhook about tokens as well.',
    examples: ['x509'],
    default: '`x509`',
    becomes: [ours('whether `webhook` is used')],
  }),
  sans: mapped(SansSchema, {
    description: 'Further names and IP addresses that the API server’s certificate is good for.',
    examples: [['k8s.example.com']],
    becomes: [config('tls-san')],
  }),
  webhook: group(
    z.strictObject(WEBHOOK_KEYS, { error: 'must be a map with `config_file` and `cache_timeout`' }),
    {
      description: 'The webhook that is asked about tokens, with `strategy: x509|webhook`.',
      examples: [{ config_file: 'file:./authentication-webhook.yaml', cache_timeout: '5s' }],
    },
  ),
  options: warned({
    description: 'Options of authentication, which no released version of RKE1 read.',
    why: 'There is nothing that it would set.',
    instead: 'Leave the key out.',
  }),
};

export const AuthenticationSchema = z.strictObject(AUTHENTICATION_KEYS, {
  error: 'must be a map with `strategy`, `sans` and `webhook`',
});
