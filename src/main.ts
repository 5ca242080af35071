#!/usr/bin/env node
import { Command, Option } from 'commander';
import { AutopilotError, messageOf } from './errors.ts';
import { AUTOPILOT_VERSION } from './version.ts';

/** The one program: each command loads only what it needs, an agent nothing of the orchestrator. */
const program = new Command('autopilot')
  .description('Safe, self-healing updates for k0s clusters')
  .version(AUTOPILOT_VERSION, '-v, --version')
  .showHelpAfterError();

program
  .command('controller')
  .description(
    'run the orchestrator: takes part in the election and carries out Plans while it leads',
  )
  .option(
    '--kubeconfig <file>',
    'how to reach the cluster; else $KUBECONFIG, or the own ServiceAccount',
  )
  .option('--policy <file>', 'YAML file that says how updates are done; see docs/usage/policy.md')
  .option('--api-port <port>', 'port of the API servers on the controllers', '6443')
  .addOption(
    new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'),
  )
  .action(async (options: Record<string, unknown>) => {
    const { orchestratorConfigSchema, parseConfig } = await import('./config.ts');
    const { runOrchestrator } = await import('./plans/main.ts');
    await runOrchestrator(parseConfig(orchestratorConfigSchema, options), untilStopped());
  });

program
  .command('agent')
  .description('run the agent of this host: carries out the orders on its own Node or ControlNode')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[options...]')
  .action(async () => {
    const { runAgent } = await import('./node-agent/main.ts');
    await runAgent(process.argv.slice(3), untilStopped());
  });

function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  return stop.signal;
}

try {
  await program.parseAsync();
} catch (thrown) {
  const reason = thrown instanceof AutopilotError ? ` (${thrown.reason})` : '';
  process.stderr.write(`autopilot: ${messageOf(thrown)}${reason}\n`);
  process.exitCode = 1;
}
