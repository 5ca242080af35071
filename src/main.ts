#!/usr/bin/env node
import { basename } from 'node:path';
import { AutopilotError, messageOf } from './errors.ts';
import { untilStopped } from './stopping.ts';
import { AUTOPILOT_VERSION } from './version.ts';

/** Reasons that are the caller's to mend: a flag, a file, a kubeconfig. Their classes are too much to load here. */
const MISUSED = ['ConfigInvalid', 'InvalidKubeconfig'];

/** The one program. Each part is loaded only when it is asked for: an agent carries nothing of the others. */
async function main(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv;
  if (command === 'agent') {
    const { becomeLean } = await import('./lean-linux.ts');
    becomeLean();
    const { runAgent } = await import('./node-agent/main.ts');
    process.exitCode = await runAgent(rest, untilStopped());
  } else if (command === 'both') {
    const { becomeLean } = await import('./lean-linux.ts');
    becomeLean();
    const { runBoth } = await import('./both/main.ts');
    process.exitCode = await runBoth(rest, untilStopped());
  } else if (rest.length === 0 && (command === '--version' || command === '-v')) {
    process.stdout.write(`${AUTOPILOT_VERSION}\n`);
  } else {
    if (command === 'controller') {
      const { becomeLean, ORCHESTRATOR_NODE_FLAGS } = await import('./lean-linux.ts');
      becomeLean(ORCHESTRATOR_NODE_FLAGS);
    }
    const { runCli } = await import('./cli/main.ts');
    await runCli(argv, calledAs());
  }
}

/** kubectl runs `kubectl-autopilot` for `kubectl autopilot`: the same program by another name. */
function calledAs(): string | undefined {
  const names = [process.argv0, process.argv[1] ?? ''].map((path) => basename(path));
  return names.includes('kubectl-autopilot') ? 'kubectl autopilot' : undefined;
}

// No `await` out here: in a single file this is no ES module.
main(process.argv.slice(2)).catch((thrown) => {
  const known = thrown instanceof AutopilotError ? thrown.reason : undefined;
  const reason = known === undefined ? '' : ` (${known})`;
  process.stderr.write(`autopilot: ${messageOf(thrown)}${reason}\n`);
  process.exitCode = MISUSED.includes(known ?? '') ? 2 : 1;
});
