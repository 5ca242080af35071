import type { ServiceManager } from '../../src/node-agent/host.ts';

/** Of a host on which nothing is started. */
export const noService: ServiceManager = {
  state: async () => ({ pid: undefined, exits: 0, lastOutput: '' }),
  restart: async () => ({ gapMs: undefined }),
};
