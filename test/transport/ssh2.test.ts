import { afterAll, beforeAll } from 'vitest';
import { describeContract } from './contract.ts';
import { describeHostility } from './hostility.ts';
import { reach } from './reach.ts';
import { describeReaching } from './reaching.ts';
import { createKeys, type Sshd, startSshd } from './sshd.ts';

const keys = createKeys();
let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ keys });
});
afterAll(async () => {
  await sshd.stop();
  keys.remove();
});

describeContract('ssh2', async () => {
  const transport = reach({ keys, sshd, client: 'ssh2' });
  await transport.connect();
  return transport;
});
describeReaching('ssh2', keys);
describeHostility('ssh2', keys);
