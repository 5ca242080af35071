import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REASONS, type Reason } from '../../src/api/reasons.ts';
import { TROUBLES, type TroubleName } from '../../src/api/steps.ts';
import { type About, ADVICE } from '../../src/plans/explain-advice.ts';
import { meanwhileOf } from '../../src/plans/explain-meanwhile.ts';
import { TROUBLE_ADVICE } from '../../src/plans/explain-trouble.ts';

interface Alert {
  readonly alert: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Of controllers alone; the others are told of a worker. */
const OF_CONTROLLERS: ReadonlySet<Reason> = new Set<Reason>([
  'ApiServerNotReady',
  'BackupFailed',
  'ControlNodeStale',
  'ControllerNotReady',
  'SelectorCannotMatch',
  'WaitsForBackup',
  'WaitsForController',
  'WaitsForControllers',
  'WaitsForPerson',
]);

/** What the message of such a reason names, so that its commands are whole. */
const MESSAGES: Readonly<Partial<Record<Reason, string>>> = {
  BudgetNeverMet: 'disruption budget shop/web needs 3 of its 3 pods',
  DrainTimeout: 'shop/web-1: budget web allows no disruption now',
  GateFailed: 'gate smoke: no (Job k0s-autopilot/autopilot-smoke)',
  HookFailed: 'hook warm: no (Job k0s-autopilot/autopilot-warm)',
  Paused: 'paused: UpdatePolicy/default says spec.paused: true',
  Quarantined: 'QuarantinedArtifact k0s-1-36-4',
  InvalidPolicy: 'UpdatePolicy/default: spec.windows',
  RemovedApiInUse: 'flowschemas.flowcontrol.apiserver.k8s.io v1beta3 has been removed',
  WaitsForApproval: 'a person has to look before batch 2: autopilot approve autopilot --of Batch/2',
  WaitsForBudget: 'disruption budget shop/web',
  WaitsForDrain: 'shop/web-1: budget web allows no disruption now',
  WaitsForHook: 'Job k0s-autopilot/autopilot-warm',
  WaitsForOtherPlan: 'Plan spring runs first',
  WaitsForSlot: '0 under way, limit 1; w2 down or cordoned by others',
};

/** The Plan, the worker, the controller that the page speaks of. */
const PLAN = 'autopilot';

export function aboutOf(reason: Reason): About {
  const isOfController = OF_CONTROLLERS.has(reason);
  return {
    plan: PLAN,
    target: isOfController ? { role: 'controller', name: 'c1' } : { role: 'worker', name: 'w1' },
    message: MESSAGES[reason] ?? '',
  };
}

/** What to do for each reason, trouble and alert, from the very words of `autopilot explain`: none can be missing. */
export function runbooksPage(root: string): string {
  const alerts = alertsOf(root);
  return `# Runbooks
For who is woken: what each reason means, what is safe meanwhile, and what to type. \`autopilot explain PLAN\` says the same of a Plan of yours, with its own names; \`-o wide\` says all of it. Here \`autopilot\` is the Plan, \`w1\` the worker, \`c1\` the controller, and what stands behind \`#\` says on which host a command is typed; where none is named, wherever \`kubectl\` reaches the cluster. Where agent and orchestrator of a controller are one service, it is called \`autopilot\`.

Three things that are always safe: to look, to wait, and to hold everything:

\`\`\`sh runbook
kubectl patch updatepolicy default --type=merge -p '{"spec":{"paused":true}}'
\`\`\`

Made from \`src/api/reasons.ts\`, \`src/plans/explain-*.ts\` and \`deploy/monitoring/alerts.yaml\` by \`npm run generate\`. [Alerts](#alerts), [reasons](#reasons), [troubles](#troubles).

## Alerts
${alerts.map(alertText).join('\n')}
## Reasons
${(Object.keys(REASONS) as Reason[]).map(reasonText).join('\n')}
## Troubles
What a command ends with, and programs log, when they cannot do what they were asked for.

${(Object.keys(TROUBLES) as TroubleName[]).map(troubleText).join('\n')}`;
}

export function alertsOf(root: string): readonly Alert[] {
  const { groups } = parse(readFileSync(join(root, 'deploy/monitoring/alerts.yaml'), 'utf8')) as {
    groups: readonly { rules: readonly Alert[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

function alertText({ alert, annotations }: Alert): string {
  const { summary = '', description = '' } = annotations;
  return `### ${alert}
${plain(summary)} ${plain(description)}
`;
}

/** What Prometheus fills in is told by its name. */
function plain(text: string): string {
  return text
    .replaceAll(/\{\{ \$value[^}]*\}\}/g, 'N')
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => label.toUpperCase());
}

function reasonText(reason: Reason): string {
  const { fix, next } = ADVICE[reason];
  return section(reason, REASONS[reason], meanwhileOf(reason), {
    fix: fix === '' ? 'Nothing has to be done.' : fix,
    next: next(aboutOf(reason)),
  });
}

function troubleText(trouble: TroubleName): string {
  const { meanwhile, fix, next } = TROUBLE_ADVICE[trouble];
  return section(trouble, TROUBLES[trouble], meanwhile, { fix, next });
}

function section(
  word: string,
  meaning: string,
  meanwhile: string,
  { fix, next }: { readonly fix: string; readonly next: readonly string[] },
): string {
  return `### ${word}
${meaning}

- Meanwhile: ${meanwhile}
- Then: ${fix}
${next.length === 0 ? '' : `\n\`\`\`sh runbook\n${next.join('\n')}\n\`\`\`\n`}`;
}
