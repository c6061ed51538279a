import { describe, expect, it } from 'vitest';
import { parseStateCopy } from '../../../src/host/probe/parse-state-copy.ts';

const COPY = { clusterId: 'abc', serial: 7, checksum: 'sha256:00' };
const ANNOTATIONS = { 'rke2ctl/cluster-id': 'abc', 'rke2ctl/serial': '7', 'rke2ctl/checksum': 'sha256:00' };

describe('what the copy of the state says of itself', () => {
  it('is the same by kubectl’s lines and by the API’s metadata', () => {
    const lines = Object.entries(ANNOTATIONS).map(([name, value]) => `${name} ${value}`);
    expect(parseStateCopy(lines)).toEqual(COPY);
    const metadata = { kind: 'PartialObjectMetadata', metadata: { annotations: ANNOTATIONS } };
    expect(parseStateCopy(JSON.stringify(metadata, null, 2).split('\n'))).toEqual(COPY);
  });

  it('is nothing where there is none, where the API refuses, and where its answer was cut off', () => {
    const refusal = { kind: 'Status', metadata: {}, status: 'Failure', code: 404 };
    const other = { metadata: { annotations: { ...ANNOTATIONS, 'rke2ctl/serial': 'x' } } };
    for (const text of ['', JSON.stringify(refusal), '{"metadata": {"annot', JSON.stringify(other)])
      expect(parseStateCopy(text.split('\n'))).toBeNull();
  });
});
