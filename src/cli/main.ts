import { Command, Option } from 'commander';
import { METRICS_ADDRESS } from '../metrics/address.ts';
import { untilStopped } from '../stopping.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { addAdopt } from './adopt-command.ts';
import { addChannel } from './channel-command.ts';
import { addCompletion } from './completion-command.ts';
import { addExplain } from './explain-command.ts';
import { addHistory } from './history-command.ts';
import { addInstall } from './install-command.ts';
import { addLooks } from './look-commands.ts';
import { addPreview, exitAsMisused } from './preview-command.ts';
import { addStatus } from './status-command.ts';
import { addVerbs } from './verbs-command.ts';

/**
 * Everything but the agent, which is dispatched before this is loaded. What a command does is loaded by the
 * command: help and bad options must not wait for it.
 * @param argv without the program's own name
 * @param name as it was called: `kubectl autopilot` as a plugin
 */
export async function runCli(argv: readonly string[], name = 'autopilot'): Promise<void> {
  // Whoever reads what is printed may have seen enough, such as `head`.
  process.stdout.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPIPE') throw thrown;
    process.exit();
  });
  await commandLine(name).parseAsync(argv, { from: 'user' });
}

/** All commands with their help; nothing is run. */
export function commandLine(name: string): Command {
  const program = new Command(name)
    .description('Safe, self-healing updates for k0s clusters')
    .version(AUTOPILOT_VERSION, '-v, --version')
    .enablePositionalOptions()
    // Of the commands below as well.
    .showHelpAfterError()
    .exitOverride(exitAsMisused);
  program
    .command('controller')
    .description(
      'run the orchestrator: takes part in the election, carries out Plans while it leads',
    )
    .option(
      '--kubeconfig <file>',
      'how to reach the cluster; else $KUBECONFIG or the ServiceAccount',
    )
    .option(
      '--policy <file>',
      'YAML file of the lowest layer of policy, below UpdatePolicy/default',
    )
    .option('--api-port <port>', 'port of the API servers on the controllers', '6443')
    .option(
      '--own-host <name>',
      'ControlNode of the host that this runs on; else $AUTOPILOT_HOSTNAME, or the name of the host',
    )
    .option(
      '--metrics-address <address>',
      'where /metrics, /readyz, /livez are; or off',
      METRICS_ADDRESS,
    )
    .option(
      '--metrics-token-file <file>',
      'the bearer token of /metrics, which is not served without',
    )
    .option('--metrics-cert-file <file>', 'TLS certificate of them, in PEM; needed off loopback')
    .option('--metrics-key-file <file>', 'its key')
    .addOption(
      new Option('--log-level <level>', 'what is logged')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .action(async (options: Record<string, unknown>) => {
      const { orchestratorConfigSchema, parseConfig } = await import('../config.ts');
      const config = parseConfig(orchestratorConfigSchema, options);
      const { runOrchestrator } = await import('../plans/main.ts');
      await runOrchestrator(config, untilStopped());
    });
  addInstall(program);
  addStatus(program);
  addPreview(program);
  addExplain(program);
  addHistory(program);
  addAdopt(program);
  addVerbs(program);
  addLooks(program);
  addChannel(program);
  // For the list of commands only: these never come here.
  program.command('agent').description('run the agent of this host; see autopilot agent --help');
  program
    .command('both')
    .description('run agent and orchestrator of a controller, as the service does');
  addCompletion(program);
  return program;
}
