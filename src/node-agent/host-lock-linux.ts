import { mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { codeOf } from '../artifacts/system-error.ts';

const NAME = 'agent.sock';

/**
 * Makes sure that no other agent has the same state folder: two of them would write one journal. Whoever
 * has it listens at a socket in that folder, into which nobody else can look; of one that has ended, however
 * that was, nobody answers any more.
 * @returns how to give it back; undefined while another agent has it
 */
export async function lockHost(stateFolder: string): Promise<(() => Promise<void>) | undefined> {
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const path = join(stateFolder, NAME);
  for (;;) {
    const server = await listen(path);
    if (server !== undefined) {
      server.unref();
      return () => new Promise((resolve) => server.close(() => resolve()));
    }
    if (await answers(path)) return undefined;
    await rm(path, { force: true });
  }
}

/** @returns undefined where the socket is there already, whether or not somebody listens */
function listen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (thrown) => {
      if (codeOf(thrown) === 'EADDRINUSE') resolve(undefined);
      else reject(thrown);
    });
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // gone, or left behind
    socket.once('error', () => resolve(false));
  });
}
