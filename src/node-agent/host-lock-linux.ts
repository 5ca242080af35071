import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { codeOf } from '../artifacts/system-error.ts';

/**
 * Makes sure that no other agent has the same state folder: two of them would write one journal. The name
 * is the kernel's own, in no folder, and goes with the process however that ends.
 * @returns how to give it back; undefined when another agent has it
 */
export function lockHost(stateFolder: string): Promise<(() => void) | undefined> {
  const digest = createHash('sha256').update(stateFolder).digest('hex').slice(0, 16);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (thrown) => {
      if (codeOf(thrown) === 'EADDRINUSE') resolve(undefined);
      else reject(thrown);
    });
    server.listen(`\0autopilot-agent-${digest}`, () => {
      server.unref();
      resolve(() => server.close());
    });
  });
}
