import { asK0s, chapter, oursAlone } from './row.ts';

const file = 'test/conformance/one-controller.test.ts';

export const platformSelect = chapter({
  name: 'ap-platformselect',
  about: '1 controller, and a Plan with artifacts for windows-amd64, linux-amd64 and linux-arm64',
  file,
  rows: {
    completes: asK0s('the Plan is Completed, and the controller is SignalCompleted'),
    right: asK0s('the binary of its own platform is chosen'),
    others: oursAlone('nobody asks for the artifacts of other platforms'),
  },
});
