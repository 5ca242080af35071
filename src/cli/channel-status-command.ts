import type { Command } from 'commander';
import type { ChannelStatusOptions } from './channel-status.ts';
import { addClusterOptions } from './cluster-options.ts';

/** `autopilot channel status`; the rest of `channel` is about publishing. */
export function addChannelStatus(channel: Command): void {
  const command = channel
    .command('status')
    .argument('[config]', 'name of an UpdateConfig; without it all of them')
    .description(
      'what this cluster follows: what it runs, what comes next and when, what is skipped and why, and how long machines ran without each release; changes nothing',
    );
  addClusterOptions(command)
    .addHelpText(
      'after',
      '\nExit: 0 all are followed, 1 one is not or the cluster cannot be read, 2 bad input',
    )
    .action(async (config: string | undefined, options: ChannelStatusOptions) => {
      const { runChannelStatus } = await import('./channel-status.ts');
      process.exitCode = await runChannelStatus(config, options);
    });
}
