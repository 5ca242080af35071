import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationText } from '../../../src/cli/explain-print.ts';
import { previewText } from '../../../src/cli/preview-print.ts';
import { paintFor } from '../../../src/cli/print-paint.ts';
import { durationText, namesText } from '../../../src/cli/print-text.ts';
import { troubleOf } from '../../../src/cli/print-trouble.ts';
import { ConfigError } from '../../../src/config.ts';
import { ApiError, ApiUnreachableError } from '../../../src/kube/api-error.ts';
import { fixOf } from '../../../src/plans/explain-advice.ts';
import { preview } from '../../../src/plans/preview.ts';
import { reportOf } from '../../../src/plans/preview-report.ts';
import {
  aControlNode,
  aNode,
  anUpdate,
  aPolicy,
  aSpec,
  someFacts,
} from '../../support/builders.ts';

const plain = paintFor({}, {});

test('durations in their two largest units', () => {
  const rows = [
    [0, '0s'],
    [45_000, '45s'],
    [200_000, '3m 20s'],
    [3_600_000, '1h'],
    [3_605_000, '1h'],
    [93_600_000, '1d 2h'],
  ] as const;
  for (const [ms, text] of rows) assert.equal(durationText(ms), text);
});

test('of many names the first few', () => {
  assert.equal(namesText(['a', 'b'], 2), 'a, b');
  assert.equal(namesText(['a', 'b', 'c', 'd'], 2), 'a, b and 2 more');
});

test('colours on a terminal only, and not where nobody wants them', () => {
  assert.equal(plain.bad('x'), 'x');
  assert.equal(paintFor({ isTTY: true }, { NO_COLOR: '1' }).bad('x'), 'x');
  assert.equal(paintFor({ isTTY: true }, { TERM: 'dumb' }).bad('x'), 'x');
  assert.equal(paintFor({ isTTY: true }, {}).bad('x'), '\x1b[31mx\x1b[39m');
});

test('a preview, as it is printed', () => {
  const spec = aSpec(anUpdate({ controllers: '', workers: '', concurrent: 2 }));
  const facts = someFacts(spec, {
    controlNodes: [aControlNode('c1')],
    nodes: ['w1', 'w2', 'w3'].map((name) => aNode(name)),
  });
  const drains = [
    {
      node: 'w1',
      pods: 2,
      blockers: [{ pod: 'shop/web-1', kind: 'never' as const, message: 'none may go' }],
    },
  ];
  const report = reportOf(facts, preview(facts), { notes: ['a note'], drains });
  assert.deepEqual(previewText(report, plain, fixOf), [
    'Plan autopilot may run. If nothing fails, this is its course:',
    '  · a note',
    '',
    'commands[0] k0supdate to v1.36.3+k0s.0',
    '  from v1.36.1+k0s.0: c1, w1, w2, w3',
    '  k0s backup first, on c1',
    '  gates to be passed: workloads (AfterBatch)',
    '  +1m      controller  c1',
    '  +1m 56s  worker      w1, w2',
    '  +3m 27s  worker      w3',
    '',
    'drains',
    '  2 pods on 1 worker would be evicted',
    '  ✖ w1: shop/web-1: none may go',
    '',
    'versions before  controllers v1.36.1+k0s.0, kubelets v1.36.1+k0s; no skew',
    '         after   controllers v1.36.3+k0s.0, kubelets v1.36.3+k0s; no skew',
    '',
    'takes about 4m 58s: 2026-03-01 22:00 UTC to 2026-03-01 22:04 UTC',
    'assumed, not measured: download 1m, backup 30s, drain 1m, restart 10s, then healthy after 15s (controller) or 20s (worker); nothing fails',
  ]);
});

test('batches of workers, as they are printed', () => {
  const spec = aSpec(anUpdate({ workers: '', concurrent: 1 }));
  const policy = aPolicy({ batches: { ramp: [1, 2], soak: '10m' } });
  const nodes = ['w1', 'w2', 'w3'].map((name) => aNode(name));
  const facts = someFacts(spec, { policy, nodes });
  const report = reportOf(facts, preview(facts), { notes: [], drains: [] });
  assert.deepEqual(
    previewText(report, plain, fixOf).filter((line) => line.includes('batch')),
    ['  +1m       batch 1     w1', '  +12m 31s  batch 2     w2', '  +14m 2s   batch 2     w3'],
  );
});

test('an explanation, as it is printed', () => {
  const nowMs = Date.parse('2026-03-01T22:00:00Z');
  const finding = {
    subject: 'Node w1',
    reason: 'WaitsForDrain',
    sentence: 'is being emptied',
    until: '2026-03-01T22:03:10.000Z',
    details: ['shop/web-1: no', 'shop/web-2: no'],
    fix: 'Help it.',
    next: ['kubectl get pods'],
  };
  const found = {
    plan: 'spring',
    standing: 'running' as const,
    sentence: 'Plan spring waits',
    progress: '1/2',
    findings: Array.from({ length: 14 }, () => finding),
  };
  const lines = explanationText(found, plain, nowMs);
  assert.deepEqual(lines.slice(0, 7), [
    'Plan spring waits  [1/2 done]',
    '',
    'Node w1  is being emptied (until 2026-03-01 22:03 UTC, in 3m 10s) [WaitsForDrain]',
    '  - shop/web-1: no',
    '  - shop/web-2: no',
    '  Help it.',
    '    kubectl get pods',
  ]);
  assert.equal(lines.at(-1), 'and 2 more; -o wide has all');
  const wide = explanationText(found, plain, nowMs, true);
  assert.equal(wide.filter((line) => line.startsWith('Node w1')).length, 14);
  assert.deepEqual(wide.slice(5, 8), [
    '  Pods are being evicted within their disruption budgets.',
    '  Meanwhile: The host that is under way has a deadline, after which it is given back or put back by itself. Nothing has to be done in a hurry.',
    '  Help it.',
  ]);
});

test('whatever is wrong with the cluster is one sentence', () => {
  const rows = [
    [new ConfigError('plan.yaml: wanted one Plan'), 2, /^plan.yaml: wanted one Plan$/],
    [
      new ApiUnreachableError('GET: x', { cause: new Error('refused') }),
      1,
      /^cannot reach the cluster at https:\/\/api: refused$/,
    ],
    [
      new ApiError('GET /a', 401, undefined, undefined),
      1,
      /^https:\/\/api does not know the credentials/,
    ],
    [
      new ApiError('GET /a', 403, { message: 'plans is forbidden' }, undefined),
      1,
      /^no rights: plans is forbidden; /,
    ],
    [
      new ApiError('GET /apis/autopilot.k0sproject.io', 404, undefined, undefined),
      1,
      /apply deploy\/install.yaml first$/,
    ],
    [
      new ApiError('GET /a', 500, { message: 'etcd' }, undefined),
      1,
      /^https:\/\/api says no: etcd$/,
    ],
  ] as const;
  for (const [thrown, exitCode, sentence] of rows) {
    const trouble = troubleOf(thrown, 'https://api');
    assert.equal(trouble.exitCode, exitCode);
    assert.match(trouble.sentence, sentence);
  }
});
