import type { CommandRequest, RemoteProcess, Transport } from '../../src/transport/transport.ts';

/** Starts a command and resolves at its first word; rejects when it ends before. Nobody need ask how it ends. */
export async function untilItSpeaks(transport: Transport, request: CommandRequest): Promise<RemoteProcess> {
  let spoke: () => void = () => undefined;
  const spoken = new Promise<void>((resolve) => {
    spoke = resolve;
  });
  const running = await transport.start({ ...request, onStdout: spoke });
  const silent = running.result.then(() => {
    throw new Error(`it ended without a word: ${request.command}`);
  });
  await Promise.race([spoken, silent]);
  silent.catch(() => undefined);
  return running;
}
