import { asK0s, chapter, different, oursAlone } from './row.ts';

export const airgapWorker = chapter({
  name: 'ap-airgap (worker)',
  about:
    '1 controller and 1 worker with no route but to each other, the API and the server of releases',
  file: 'test/conformance/airgap.test.ts',
  rows: {
    completes: asK0s('a Plan of airgapupdate, then k0supdate, is Completed without a way out'),
    order: asK0s('the second command begins when the first is Completed'),
    file: asK0s('/var/lib/k0s/images/bundle.tar is there on the worker'),
    pinned: different('the images of the bundle become pinned', {
      here: 'the bundle lies there whole, to the byte, and nothing half is ever seen there',
      why: 'k0s itself watches the folder, imports from it and pins; Autopilot has no part in that',
      sees: 'images that are imported by k0s as before',
    }),
    pulls: different('no image is pulled afterwards', {
      here: 'each host asked for its artifacts once, and for nothing else',
      why: 'agent and orchestrator are programs of the host, so that no image is needed for an update',
      sees: 'nothing: there is no image of ours to mirror',
    }),
  },
});

export const airgapHybrid = chapter({
  name: 'ap-airgap (controller+worker)',
  about: '1 host with --enable-worker; the bundle is addressed to its Node',
  file: 'test/conformance/hybrid.test.ts',
  rows: {
    completes: asK0s('an airgapupdate that is addressed to the Node of a hybrid is Completed'),
    file: asK0s('the bundle is in its folder of images'),
    once: oursAlone('the host is ordered once, on its ControlNode, and the Plan lists its Node'),
  },
});
