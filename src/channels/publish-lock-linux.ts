import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { codeOf } from '../artifacts/system-error.ts';
import { PublishError } from './publish-error.ts';

/**
 * Keeps others from publishing into a folder for as long as something is done: a name in Linux's abstract
 * space of sockets, which belongs to one process and is free again when it ends, however that is. It holds
 * on one machine (and in one network namespace); from two machines nobody may publish at once.
 * @throws PublishError while another process has it
 */
export async function whileLocked<T>(folder: string, act: () => Promise<T>): Promise<T> {
  const path = await realpath(folder);
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (thrown) => {
      const isTaken = codeOf(thrown) === 'EADDRINUSE';
      reject(
        isTaken
          ? new PublishError(
              `wanted ${path} for ourselves, found another autopilot channel at work there: run this again when it has ended`,
            )
          : thrown,
      );
    });
    server.listen(`\0autopilot-channel-${name}`, resolve);
  });
  try {
    return await act();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
