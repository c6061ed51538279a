import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { ours, own } from './key.ts';

const RATE = { error: 'must be a number of Mbit/s above 0' };
const FAN_OUT = { error: 'must be a whole number from 0 to 100' };

const HOW = ours('how release files come to the nodes');

const TRANSFER_KEYS = {
  operator_mbps: own(z.number(RATE).positive(RATE), {
    description: 'Mbit/s that release files may take of your own line.',
    examples: [50],
    default: 'no limit',
    becomes: [HOW],
  }),
  per_node: own(z.number(RATE).positive(RATE), {
    description: 'Mbit/s that one node may give away to other nodes.',
    examples: [500],
    default: 'no limit',
    becomes: [HOW],
  }),
  fan_out: own(z.number(FAN_OUT).int(FAN_OUT).min(0, FAN_OUT).max(100, FAN_OUT), {
    description:
      'How many nodes one node gives a file to at once, while it still comes in there. `0`: every node gets all files from your machine. Where nodes do not let each other in that is found out by trying.',
    examples: [0],
    default: `\`${DEFAULTS.fanOut}\``,
    becomes: [HOW],
  }),
};

/** How release files come to the nodes. */
export const TransferSchema = z.strictObject(TRANSFER_KEYS, {
  error: 'must be a map with `operator_mbps`, `per_node` and `fan_out`',
});
