import { testsOf } from './proofs.ts';
import { asK0s, chapter, different, oursAlone } from './row.ts';

export const controllerWorker = chapter({
  name: 'ap-controllerworker',
  about:
    '3 hosts with --enable-worker and a load balancer, a disruption budget that blocks each drain, and somebody who writes an annotation on every Node and ControlNode once a second',
  file: 'test/long/conformance-controller-worker.test.ts',
  rows: {
    previousMinor: asK0s(
      'an update from a release of the previous minor version is Completed, and all run the version',
    ),
    completes: asK0s('the Plan is Completed, and every controller is SignalCompleted'),
    phases: different(
      'phases only go forward: Downloading, Cordoning, ApplyingUpdate, Restart, UnCordoning, Completed',
      {
        here: 'phases only go forward: Pending, Downloading, Staged, Draining, Applying, OnTrial, Committing, Committed',
        why: 'an update is staged before a node is touched, and on trial until it is confirmed',
        sees: '`phase` of each target in the status of the Plan, in place of words in an annotation',
      },
    ),
    timestamps: asK0s('the time of the last change of a target never goes back'),
    blocked: asK0s(
      'nothing passes the drain for 30 s while the budget blocks, until it is deleted',
    ),
    label: different('the Lease of the leader says that cordoning is central', {
      here: 'the orchestrator alone cordons and drains, and leaves the labels of the Lease as they are',
      why: 'k0s has the label for agents of before, which cordoned themselves; ours never did',
      sees: 'no label `central-cordoning` of ours on the Lease; one that is there stays',
      by: testsOf('integration/kube/leader')(
        "k0s's own Autopilot holds the Lease: ours stands by, names it, and keeps its labels",
      ),
    }),
    kubelets: asK0s('each kubelet has the version of the Plan afterwards'),
    once: oursAlone('each host is updated once, as a controller, though the Plan selects it twice'),
    quorum: oursAlone('never two of the three are under way at once'),
    cordons: oursAlone('no node is cordoned afterwards'),
  },
});
