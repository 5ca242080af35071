import type { Command } from 'commander';
import type { Verb } from '../api/requests.ts';
import { addClusterOptions } from './cluster-options.ts';

const DESCRIPTIONS: Readonly<Record<Verb, string>> = {
  pause: 'begin nothing new of a Plan; what was swapped is judged to its end',
  resume: 'let a Plan go on that was paused',
  approve: 'let a Plan go on that waits for somebody to look',
  abort: 'end the run of a Plan: call back what is staged, judge what was swapped',
  retry: 'try again what is not done of a Plan whose run has ended',
  rollback: 'put back what the last run of a Plan has updated, each host to what it has kept',
};

/** The rest is loaded only when it is asked for. */
export function addVerbs(program: Command): void {
  for (const [verb, description] of Object.entries(DESCRIPTIONS) as [Verb, string][]) {
    const command = program
      .command(verb)
      .description(description)
      .argument('<plan>', 'name of the Plan')
      .option('--timeout <seconds>', 'how long to wait for the answer', '30')
      .option('--wait', 'wait as well until nothing is under way any more');
    addClusterOptions(command);
    if (verb === 'approve') {
      command.option('--of <what>', 'Controllers, Workers or Batch/2; else what is waited for');
    }
    if (verb === 'rollback') {
      command
        .option('--node <name...>', 'put back these alone; without it all that were updated')
        .option('--yes', 'do not ask whether it is meant');
    }
    command
      .addHelpText(
        'after',
        '\nExit: 0 it was done, 1 it was refused, not answered, or what was waited for failed, 2 bad input',
      )
      .action(async (plan: string, given: Record<string, unknown>) => {
        const { runVerb } = await import('./verbs.ts');
        process.exitCode = await runVerb(verb, plan, given);
      });
  }
}
