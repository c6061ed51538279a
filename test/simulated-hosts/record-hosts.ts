import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { probeScript } from '../../src/host/probe/probe-script.ts';
import { expectExit } from '../e2e/expect-exit.ts';
import { clusterFile, makeProject, SERVER, WORKER } from '../e2e/project.ts';
import { createLab } from '../lab/lab.ts';
import { RECORDED_ADDRESS, RECORDING_MARK, recordingPath } from './recording.ts';

/**
 * Takes the recordings anew that simulated hosts are made from: what a server and a worker of a running cluster answer to
 * the probe. Needs root, and the built command; run it by `npx tsx` when the probe asks for something else.
 */
const lab = await createLab({ name: 'recording', hosts: 2 });
try {
  const project = await makeProject(lab, 'recording');
  await project.write(clusterFile(lab, [SERVER, WORKER]));
  expectExit(await project.rke2ctl('up'));
  await mkdir(fileURLToPath(new URL('recordings/', import.meta.url)), { recursive: true });
  for (const [index, kind] of (['server', 'worker'] as const).entries()) {
    const host = lab.hosts[index];
    if (host === undefined) throw new Error('the lab has too few hosts');
    const script = probeScript(RECORDING_MARK, kind === 'server' ? { nodes: 'all' } : {});
    const { stdout } = expectExit(await lab.exec(host.name, ['sh', '-c', script]));
    await writeFile(recordingPath(kind), stdout.replaceAll(host.address, RECORDED_ADDRESS));
  }
} finally {
  await lab.destroy();
}
