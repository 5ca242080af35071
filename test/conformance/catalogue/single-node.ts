import { asK0s, chapter, oursAlone } from './row.ts';

const file = 'test/conformance/single-node.test.ts';

export const single = chapter({
  name: 'ap-single',
  about: '1 host with --single, whose k0s lies at /tmp/k0s',
  file,
  rows: {
    completes: asK0s('a forced Plan for v0.0.0 is Completed'),
    location: asK0s('the binary is found where it runs, at /tmp/k0s, and is replaced there'),
    commands: asK0s('the status has one command'),
    controllers: asK0s('its first controller is SignalCompleted'),
    workers: asK0s('its list of workers is empty'),
    pods: oursAlone('the only node is not drained: its Pods are the ones of before'),
    cordon: oursAlone('the only node is not cordoned afterwards, and is Ready'),
  },
});

export const removedApis = chapter({
  name: 'ap-removedapis',
  about: '1 host with --single, and an object of a kind that v99.99.99 does not have',
  file,
  rows: {
    plan: asK0s('a Plan for v99.99.99 ends as Warning'),
    command: asK0s('the command is Warning as well'),
    description: asK0s(
      'its description is: removedcrds.k0s.k0sproject.example.com v1beta1 has been removed in Kubernetes v99.99.99, but there are 1 such resources in the cluster',
    ),
    untouched: oursAlone('nothing is ordered, and k0s runs as before'),
  },
});
