import type { Command, Help } from 'commander';
import { commandLine } from '../../src/cli/main.ts';

/** As wide as the page is read. */
const COLUMNS = 100;

/** The command line as its own help tells it: no command can be missing, nor say something else. */
export function cliPage(): string {
  const program = commandLine('autopilot');
  const commands = program.commands.filter((one) => !one.name().startsWith('__'));
  const names = commands.map((one) => `[${one.name()}](#${one.name()})`).join(', ');
  return `# The command line
\`autopilot\`, and \`kubectl autopilot\`: the same program, and the same words. Made from its own help by \`npm run generate\`.

kubectl finds the plugin by its name in the path. On hosts with an orchestrator \`autopilot install\` has made both names; elsewhere, with the program as \`/usr/local/bin/autopilot\`:

\`\`\`sh plugin
ln -s autopilot /usr/local/bin/kubectl-autopilot
autopilot completion kubectl > /usr/local/bin/kubectl_complete-autopilot
chmod +x /usr/local/bin/kubectl_complete-autopilot
kubectl autopilot status
\`\`\`

Completion of \`autopilot\` itself: \`autopilot completion bash\`, \`zsh\` or \`fish\`; the first line of each says where it goes.

Every command that asks a cluster takes \`--kubeconfig\`, \`--context\` and \`-o text|json|yaml\`; \`wide\` is taken by those that have more to say than fits. \`--watch\` goes on until it is interrupted, where something changes while one looks: \`status\`, \`explain\`, \`history\`. \`preview\` reads the whole cluster, pods and budgets too, so that it is asked once, and so are \`doctor\` and \`version\`; a verb waits with \`--wait\`. Certificates are always verified. Colours are for terminals, and never with \`NO_COLOR\`. Results go to standard output, trouble to standard error.

| exit | meaning |
|---|---|
| 0 | it is done, or all is well |
| 1 | the answer is no: refused, failed, something to be mended; or the cluster could not be asked |
| 2 | what was typed cannot be used: a flag, a file, a kubeconfig, a name |

Commands: ${names}
${commands.map(section).join('')}`;
}

function section(command: Command): string {
  command.configureHelp({ helpWidth: COLUMNS } satisfies Partial<Help>);
  // With what is added behind it, such as the exit codes.
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => COLUMNS,
  });
  command.outputHelp();
  return `\n## ${command.name()}\n\`\`\`\n${text.trim()}\n\`\`\`\n`;
}
