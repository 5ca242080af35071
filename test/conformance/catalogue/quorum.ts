import { asK0s, chapter, different, oursAlone } from './row.ts';

const file = 'test/conformance/quorum.test.ts';

export const quorum = chapter({
  name: 'ap-quorum',
  about: '3 controllers',
  file,
  rows: {
    completes: asK0s('a forced Plan over three controllers, by name, is Completed'),
    controllers: asK0s('all three controllers are SignalCompleted'),
    workers: asK0s('the list of workers is empty'),
    hosts: oursAlone('k0s was restarted once on each host, and is a member that serves again'),
  },
});

export const quorumSafety = chapter({
  name: 'ap-quorumsafety',
  about: '3 controllers and a load balancer; controller 2, k0s and agent, is stopped',
  file,
  rows: {
    noSignal: different('no ControlNode gets any signal for 10 s while one is down', {
      here: 'for 10 s while one is down no ControlNode is told to apply anything, and no k0s is restarted',
      why: 'downloads are apart from the update and take nothing away from a controller',
      sees: 'orders with the goal `stage`, and targets in the phase `Staged`',
    }),
    state: different('the Plan stays Schedulable while one is down', {
      here: 'the Plan is SchedulableWait while one is down, and names it in WAITS FOR',
      why: 'the one that is down is a target itself and goes first: what is down is repaired first',
      sees: '`c2 Downloading: ...` in the column WAITS FOR; where it is no target, the Plan is Schedulable',
    }),
    noOther: asK0s('no other state of the Plan is ever seen until then'),
    completes: asK0s('once it is back, all three are SignalCompleted and the Plan is Completed'),
  },
});
