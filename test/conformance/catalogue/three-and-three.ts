import { asK0s, chapter, different, oursAlone } from './row.ts';

const file = 'test/long/conformance-three-and-three.test.ts';

export const ha3x3 = chapter({
  name: 'ap-ha3x3',
  about: '3 controllers, 3 workers and a load balancer; the Plan is not forced',
  file,
  rows: {
    previousMinor: asK0s(
      'an update from a release of the previous minor version is Completed, and all run the version',
    ),
    completes: asK0s('an update from one release to the next is Completed'),
    targets: asK0s('every target is SignalCompleted'),
    versions: asK0s('every host, ControlNode and Node has the version of the Plan afterwards'),
    states: asK0s('no state of the Plan is seen but SchedulableWait, Schedulable and Completed'),
    iptables: different('the mode of iptables is as before', {
      here: 'on no host any file of /etc or /usr/local is other than before, but the binary of k0s',
      why: 'k0s itself chooses the mode of iptables when it starts; Autopilot has no part in that',
      sees: 'nothing',
    }),
    leases: asK0s("the holder of each node's Lease is the node"),
    stale: different('no stack of the kubelet of before is left', {
      here: 'on no host any process of the binary of before is left',
      why: 'stacks of manifests are applied and pruned by k0s itself',
      sees: 'nothing',
    }),
    order: oursAlone(
      'no worker is told to apply before all controllers are done, and never two controllers at once',
    ),
  },
});

export const selector = chapter({
  name: 'ap-selector',
  about: '3 controllers and 3 workers; the Plan selects by labels and fields',
  file,
  rows: {
    completes: asK0s('the Plan is Completed'),
    controllers: asK0s(
      'labels and fields together pick one controller, though the labels alone pick two',
    ),
    workers: asK0s('labels and fields together pick one worker, though the labels alone pick two'),
    others: oursAlone('no other host gets an order, and each runs what it ran'),
  },
});

export const heldUp = chapter({
  name: 'What k0s leaves open, on hosts',
  about: '3 controllers and 3 workers',
  file: 'test/long/conformance-on-hosts.test.ts',
  rows: {
    notATarget: oursAlone(
      'with a controller down that is no target, the Plan is Schedulable for 10 s, says ControllerNotReady and applies nothing; it goes on when that is back',
    ),
    concurrent: oursAlone(
      'with `concurrent: 2` two workers are under way at once, and never three',
    ),
    sameId: oursAlone('the same Plan applied again does nothing; with a new id it runs'),
    deletion: oursAlone(
      'a Plan that is deleted while a worker is on trial: the worker goes back, its cordon is lifted, and no order is left',
    ),
    nodeLost: oursAlone(
      'a worker whose host is off when its turn comes ends the run, which names it, and no other node is harmed',
    ),
  },
});
