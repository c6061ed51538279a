import { LocalTransport } from '../../src/transport/local.ts';
import { describeContract } from './contract.ts';

describeContract('local', async () => new LocalTransport());
