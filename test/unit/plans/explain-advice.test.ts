import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONS, type Reason } from '../../../src/api/reasons.ts';
import { type About, ADVICE, fixOf } from '../../../src/plans/explain-advice.ts';

const all = Object.keys(REASONS) as Reason[];
const node: About = { plan: 'spring', target: { role: 'worker', name: 'w7' }, message: '' };
const controller: About = { ...node, target: { role: 'controller', name: 'cp-1' } };
const whole: About = { plan: 'spring', message: '' };

/** They say that something is well: nobody asks what to do about it. */
const NOTHING_TO_DO = [
  ...[
    'AlreadyUpdated',
    'Approved',
    'Completed',
    'Following',
    'IndexAccepted',
    'NewVersionAvailable',
    'PlanDeleted',
    'PolicyAccepted',
    'Resumed',
    'Retried',
  ],
  ...['Started', 'UpToDate', 'UpdateCompleted', 'Updated'],
];

test('no reason lacks advice, but for those that are no trouble', () => {
  assert.deepEqual(all.filter((reason) => fixOf(reason) === undefined).toSorted(), NOTHING_TO_DO);
  const silent = all.filter((reason) => ADVICE[reason].next(node).length === 0);
  assert.deepEqual(silent.toSorted(), NOTHING_TO_DO);
});

test('every command has all its names filled in', () => {
  for (const reason of all) {
    for (const about of [node, controller, whole]) {
      for (const command of ADVICE[reason].next(about)) {
        assert.doesNotMatch(command, /undefined|<|NAME/, `${reason}: ${command}`);
        assert.match(command, /^(kubectl|autopilot|journalctl|systemctl|k0s|cat|df) /, reason);
      }
    }
  }
});

const rows: readonly (readonly [string, Reason, Partial<About>, readonly string[]])[] = [
  [
    'a drain that a budget blocks: the budget, the pod, the node',
    'WaitsForDrain',
    { message: 'shop/web-1: budget web allows no disruption now (needs 2 healthy pods, has 2)' },
    [
      'kubectl describe pdb -n shop web',
      'kubectl describe pod -n shop web-1',
      'kubectl get pods -A -o wide --field-selector spec.nodeName=w7',
    ],
  ],
  [
    'of a hybrid the pods are on its Node, which may be called otherwise',
    'WaitsForDrain',
    { target: { role: 'controller', name: 'cp-1', nodeName: 'box-1' } },
    ['kubectl get pods -A -o wide --field-selector spec.nodeName=box-1'],
  ],
  [
    'a replacement that fits nowhere is looked at as well',
    'WaitsForDrain',
    {
      message:
        'shop/web-1: budget web allows no disruption now (needs 2 healthy pods, has 2 of 3); web-3 of the same ReplicaSet fits nowhere: 0/4 nodes are available, and 1 more pod',
    },
    [
      'kubectl describe pdb -n shop web',
      'kubectl describe pod -n shop web-1',
      'kubectl describe pod -n shop web-3',
      'kubectl get pods -A -o wide --field-selector spec.nodeName=w7',
    ],
  ],
  [
    'a pod that a rule leaves alone is for a person to delete',
    'WaitsForDrain',
    { message: 'shop/cache: what its emptyDir volumes hold would be lost (drain.emptyDir: Block)' },
    [
      'kubectl describe pod -n shop cache',
      'kubectl delete pod -n shop cache',
      'kubectl get pods -A -o wide --field-selector spec.nodeName=w7',
    ],
  ],
  [
    'a drain that has failed: the same, and to try again',
    'DrainTimeout',
    { message: 'not empty within 300s: shop/web-1: finalizers hold it: a/b' },
    [
      'kubectl describe pod -n shop web-1',
      'kubectl get pods -A -o wide --field-selector spec.nodeName=w7',
      'autopilot retry spring',
    ],
  ],
  [
    'a pause of the whole cluster',
    'Paused',
    { message: 'paused: UpdatePolicy/default says spec.paused: true, set with kubectl' },
    [`kubectl patch updatepolicy default --type=merge -p '{"spec":{"paused":false}}'`],
  ],
  [
    "a pause in the Plan's own policy",
    'Paused',
    { message: 'paused: the Plan says spec.policy.paused: true' },
    [`kubectl patch plan spring --type=merge -p '{"spec":{"policy":{"paused":false}}}'`],
  ],
  [
    'a pause that a person asked for',
    'Paused',
    { message: 'paused: ann' },
    ['autopilot resume spring'],
  ],
  [
    'a slot that a node takes which others have cordoned',
    'WaitsForSlot',
    { message: '0 under way, limit 1; w1 down or cordoned by others' },
    ['kubectl get nodes', 'kubectl describe node w1', 'kubectl uncordon w1'],
  ],
  [
    'a queue',
    'WaitsForOtherPlan',
    { message: 'Plan winter, autumn runs first' },
    ['kubectl get plans', 'autopilot explain winter'],
  ],
  [
    'a controller that is not ready',
    'ControllerNotReady',
    { target: undefined, message: 'controller cp-2: no answer' },
    [
      'k0s kubectl get --raw /readyz?verbose  # on host cp-2',
      'journalctl -u k0scontroller -n 100  # on host cp-2',
    ],
  ],
  [
    'a controller that is held, with its backup',
    'WaitsForPerson',
    {
      target: { role: 'controller', name: 'cp-1' },
      backup: { node: 'cp-2', path: '/b/1.tar.gz', size: 1, takenAt: '2026-03-01T22:00:00Z' },
    },
    [
      'k0s kubectl get --raw /readyz?verbose  # on host cp-1',
      'journalctl -u k0scontroller -n 100  # on host cp-1',
      'k0s restore /b/1.tar.gz  # on host cp-2, with k0s stopped',
    ],
  ],
  [
    'a person who has to look',
    'WaitsForApproval',
    { message: 'a person has to look before batch 2: autopilot approve spring --of Batch/2' },
    ['kubectl get nodes', 'autopilot approve spring --of Batch/2', 'autopilot abort spring'],
  ],
  [
    'a hook that has failed: its Job, what it said, and to try again',
    'HookFailed',
    { message: 'hook warm at BeforeRun failed: no (Job k0s-autopilot/autopilot-warm-0123456789)' },
    [
      'kubectl describe job -n k0s-autopilot autopilot-warm-0123456789',
      'kubectl logs -n k0s-autopilot job/autopilot-warm-0123456789 --all-containers',
      'kubectl get updatepolicy default -o yaml',
      'autopilot retry spring',
    ],
  ],
  [
    'a budget that can never be met',
    'BudgetNeverMet',
    { message: 'disruption budget shop/web needs 3 of its 3 pods: a drain that meets one' },
    ['kubectl describe pdb -n shop web', 'kubectl edit pdb -n shop web'],
  ],
];
for (const [sentence, reason, about, expected] of rows) {
  test(sentence, () => assert.deepEqual(ADVICE[reason].next({ ...node, ...about }), expected));
}
