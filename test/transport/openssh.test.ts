import { afterAll, beforeAll } from 'vitest';
import { describeContract } from './contract.ts';
import { describeHostKeyChecks } from './host-key-checks.ts';
import { describeHostility } from './hostility.ts';
import { describeKeys } from './keys.ts';
import { reach } from './reach.ts';
import { createKeys, type Sshd, startSshd } from './sshd.ts';
import { describeWays } from './ways.ts';

const keys = createKeys();
let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ keys });
});
afterAll(async () => {
  await sshd.stop();
  keys.remove();
});

describeContract('openssh', async () => {
  const transport = reach({ keys, sshd, client: 'openssh' });
  await transport.connect();
  return transport;
});
describeKeys('openssh', keys);
describeHostKeyChecks('openssh', keys);
describeWays('openssh', keys);
describeHostility('openssh', keys);
