import * as z from 'zod';
import { showValue } from '../finding.ts';
import { familyOf } from '../ip.ts';
import { isDnsSubdomain } from './labels.ts';
import { checked, text } from './scalars.ts';

/** Names and addresses that the API server's certificate is good for beside the nodes' own. */
export const SansSchema = z
  .array(
    checked(text('must be a name or an IP address'), (san) =>
      familyOf(san) !== null || isDnsSubdomain(san.toLowerCase().replace(/^\*\./, ''))
        ? null
        : {
            message: `${showValue(san)} is neither an IP address nor a name.`,
            hint: 'Write only the name or the IP address, without scheme and port, such as `k8s.example.com`.',
          },
    ),
    { error: 'must be a list of names and IP addresses' },
  )
  .meta({
    description: 'Further names and IP addresses that the API server’s certificate is good for.',
    examples: [['k8s.example.com']],
  });
