import * as z from 'zod';
import { POLICY_DEFAULTS, policySchema } from '../../src/api/policy.ts';

interface Row {
  readonly field: string;
  readonly meaning: string;
}

/** The shape of a policy with its defaults as a page. */
export function policyPage(): string {
  const rows = fieldsOf(policySchema, '').map(
    ({ field, meaning }) => `| \`${field}\` | ${defaultOf(field)} | ${meaning} |`,
  );
  return `# Policy
How updates are done is said once, for all Plans, and a Plan may say it otherwise for itself. Three layers have the same fields; the later one wins, field by field, and a list replaces the one below as a whole:

1. the file that is given to the orchestrator with \`--policy FILE\`, for what must hold before anything is in the API
2. \`UpdatePolicy/default\`; there is no other
3. \`spec.policy\` of a Plan

What no layer says has its default. A field that does not exist is refused by name. \`channels\` and \`trust\`, which only UpdatePolicy/default has, are about automatic updates: [channels.md](channels.md).

\`\`\`yaml
apiVersion: extensions.autopilot.k0sproject.io/v1alpha1
kind: UpdatePolicy
metadata: {name: default}
spec:
  maxUnavailable: 10%
  drain: {timeout: 15m}
  confirmTimeout: 3m
  gate: {timeout: 2m}
  windows:
    - {days: [Sat, Sun], start: "22:00", length: 6h, timeZone: Europe/Berlin}
    - {cron: "0 3 * * 1-5", length: 45m, timeZone: Europe/Berlin}
  freezes:
    - {name: year-end, reason: the shop must stay up, from: 2026-12-18T00:00, to: 2027-01-04T06:00, timeZone: Europe/Berlin}
\`\`\`

When a run begins, the merged policy is frozen and shown in the Plan's \`status.policy\`; a change of it is for the next run. \`paused\`, \`windows\` and \`freezes\` are not frozen: they are read at every look.

A policy that cannot be met is refused by the API server where it can tell. Where only the merge shows it, or a calendar, \`UpdatePolicy/default\` says so in its condition \`Accepted\`, with the path of the field; nothing new is begun until it is mended, and Plans wait with \`InvalidPolicy\`. A Plan whose own \`spec.policy\` is at fault is refused.

| field | default | meaning |
|---|---|---|
${rows.join('\n')}

Made from \`src/api/policy.ts\` by \`npm run generate\`.

## How many at once
Workers of a command that are away, for whatever reason, are never more than the smaller of \`maxUnavailable\` and the Plan's \`limits.concurrent\`, which is 1 where a Plan does not say it. \`limits: Override\` lets the policy alone decide, for Plans that were written by others. Controllers go one at a time, always.

A healthy node that somebody had cordoned before the run does not count but while it is under way itself: it was away already when somebody said how many may be. One that is cordoned later counts, and so does one that is not Ready.

## Batches
\`\`\`yaml
batches:
  canaries: [w1, w7]
  ramp: [1, 10%, 50%]
  zones: OneByOne
  soak: 30m
\`\`\`
Workers are begun batch by batch: the canaries, those of them that are targets; then as many as the ramp says, one step per batch, its last step again and again. A batch takes whoever is next, and is over when all of its workers are at their end and given back. Then it soaks, the last one too: the Plan says \`Soaking\` and until when, and a change of leaders does not begin it anew. Within a batch \`maxUnavailable\` holds. Status shows the batch under way in \`commands[].batch\`, and of each worker its own. With none of these fields all workers are one batch.

- \`zones: OneByOne\`: no batch spans two zones; zones go by name, nodes without the label are the last one. A node of a later zone that is not Ready takes a slot until it is mended.
- \`zones: Spread\`: the first of each zone, then the second of each, and so on.
- What is not Ready or cordoned goes first in its batch.

## Disruption budgets
Two workers whose pods share a disruption budget are not emptied at once where the budget spares fewer pods than both have of it. A worker that cannot be emptied now, for a budget spares none of its pods, is passed over and comes back; the next five beyond the limit are looked at for a better one. Where none is left and nothing is under way, the first is begun all the same, and \`drain.timeout\` decides.

## When something fails
A worker that fails is undone where it can be, and given back. More than \`maxFailures\` of a command, or one controller, and nothing new is touched; up to that the others go on. In both cases the run ends \`ApplyFailed\` with the command, says who failed and why, and no later command is begun.

That is \`onFailure: RollBack\` with \`rollback.scope: Node\`, the default. With a scope of \`Batch\` or \`Plan\` what the run had already updated goes back as well: [rollback.md](rollback.md). \`onFailure: Pause\` begins nothing new and waits, with \`HeldAfterFailure\`, for somebody to say \`autopilot retry\`, \`abort\` or \`rollback\`. \`Continue\` bears every worker that fails; a controller or a gate still ends the run.

A drain that is overdue counts as a failure, unless \`drain.onTimeout\` says \`Skip\` or \`Force\`. A node that is passed over is named at the end of the run, which is \`ApplyFailed\` as well: not everything is done. \`Force\` deletes no Pod; those that are left run on while k0s is restarted under them, unless it fails to come back.

## Emptying a worker
Pods leave through the Eviction API, within their disruption budgets; none is ever deleted. Pods of DaemonSets, static Pods and Pods that have finished stay. A budget that refuses is asked again after a second, or after what \`Retry-After\` says, then less often, but at least every ten seconds, and at once when it opens.

- \`emptyDir: Block\` and \`unmanaged: Block\` leave such Pods alone. The worker waits, the Plan names them with what to do, and goes on when a person has moved or deleted them; at the deadline \`onTimeout\` decides, as for any other Pod.
- \`skipPods\` is for Pods that may run on while k0s is restarted under them. They are neither evicted nor waited for.
- \`order: LowPriorityFirst\` waits for the end of Pods of a lower \`spec.priority\` before it asks those of a higher one. A lower one that is blocked holds up all above it.
- \`gracePeriod\` replaces what the Pods themselves say, shorter or longer; \`timeout\` should leave room for it.
- \`softTaint\`: workers that wait for their turn carry \`autopilot.k0sproject.io/update-pending=RUN:PreferNoSchedule\` from when the first one is begun, 200 at most, so that Pods are not moved twice; only while Pods have to go from any of them. It is gone when the worker is cordoned, when nothing may be begun (a pause, a closed window), and at the end of the run. Other taints are never touched. Remove it, and it is not set again.

Why each Pod is still there is in \`status.commands[].k0supdate.workers[].blockedBy\`, ten at most, and in [\`autopilot explain\`](explain.md).

## Gates
[gates.md](gates.md): what is asked, and what each answer means.

## The kill switch
\`\`\`sh kill-switch
kubectl patch updatepolicy default --type=merge -p '{"spec":{"paused":true}}'
\`\`\`
It needs an UpdatePolicy to be there; one with an empty \`spec\` will do. From then on nothing new is begun anywhere: no download, no cordon, no swap. A node that is being emptied is given back. What was swapped is judged, and committed or undone. Every Plan says \`Paused\`, and where and with what it was set. It holds over restarts of the orchestrator, and goes on when it is \`false\` or gone. No other layer can lift it; \`spec.policy.paused\` of a Plan holds that Plan alone. That is an edit of the Plan, which runs again after its end; nodes that have the version are left alone then, unless \`forceupdate\` is set.

## Windows and freezes
A node is begun only while a window is open and no freeze holds; downloads as well. When the window closes, nodes that are under way are brought to their end, and the rest waits for the next one: \`status.opensAt\`, and in words in \`status.waitsFor\`, in the window's time zone and in UTC. Without windows any time is right. A Plan with an urgent fix says \`policy: {windows: [], freezes: []}\`.

- \`start\` is a time of day on the clocks of \`timeZone\`; \`length\` is time that passes, over midnight too.
- Clocks that are put forward over a start open the window in the moment after; of a start that comes twice the first one counts.
- Windows may overlap. \`cron\` has five fields.
- \`from\` and \`to\` of a freeze are times in \`timeZone\`, or have an offset of their own. It ends at \`to\`.
- A window that never opens, such as on 30 February, a time zone that there is not, and a freeze that ends before it begins are refused.

## Agents that come from time to time
An agent that is run by a timer says in its report how often it comes. It is given two and a half times that long to answer whatever it is asked, where a timeout above is shorter.

## Backups
\`k0s backup\` saves etcd or Kine/SQLite, the certificates and the configuration. It saves nothing of an external etcd or database: back that up yourself and set \`backup: {mode: Never}\`. The archive holds the keys of the cluster and lies on the controller that made it, in the folder that its agent was told to use; keep others elsewhere. A backup that cannot be made ends the run before anything was touched, with reason \`BackupFailed\`: mend what its message says, or set \`mode: Never\`. To go back to it, stop k0s on all controllers and follow k0s's own steps for \`k0s restore\`.
`;
}

function fieldsOf(schema: z.ZodObject, prefix: string): Row[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
    const path = `${prefix}${name}`;
    if (inner instanceof z.ZodObject) return fieldsOf(inner, `${path}.`);
    const meaning = (field as z.ZodType).description ?? (inner as z.ZodType).description ?? '';
    const row = { field: path, meaning };
    return inner instanceof z.ZodArray && inner.element instanceof z.ZodObject
      ? [row, ...fieldsOf(inner.element, `${path}[].`)]
      : [row];
  });
}

function defaultOf(field: string): string {
  // What a list holds is said or not; it has no default of its own.
  if (field.includes('[]')) return '';
  let value: unknown = POLICY_DEFAULTS;
  for (const part of field.split('.')) {
    if (!Object.hasOwn(value as object, part)) {
      throw new Error(`policy: ${field} has no default in POLICY_DEFAULTS`);
    }
    value = (value as Record<string, unknown>)[part];
  }
  return `\`${value ?? 'none'}\``;
}
