import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { isReason } from '../../../src/api/reasons.ts';
import { METRICS } from '../../../src/metrics/catalogue.ts';
import { findPrometheus } from '../../../tools/debian-program/find.ts';
import { tryRun } from '../../support/cluster/run.ts';

const RULES = join(import.meta.dirname, '../../../deploy/monitoring/alerts.yaml');
const found = findPrometheus();

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Case {
  readonly alert: string;
  /** Series and values of every minute, in promtool's way; beside those of a healthy cluster. */
  readonly series: Readonly<Record<string, string>>;
  /** Just before it may fire. */
  readonly silentAt?: string;
  readonly firesAt: string;
  /** Of the alert, beside its severity. */
  readonly labels?: Readonly<Record<string, string>>;
}

const HEALTHY: Readonly<Record<string, string>> = {
  'autopilot_build_info{instance="a",version="1"}': '1x1500',
  'autopilot_leader{instance="a"}': '1x1500',
  'autopilot_leader{instance="b"}': '0x1500',
  'autopilot_synced{instance="a"}': '1x1500',
  'autopilot_synced{instance="b"}': '1x1500',
  'autopilot_paused{instance="a"}': '0x1500',
  'autopilot_plans{instance="a",state="Completed"}': '3x1500',
  'autopilot_plans{instance="a",state="ApplyFailed"}': '0x1500',
  'autopilot_plan_wait_seconds{instance="a",reason="WaitsForWindow"}': '0+60x1500',
  'autopilot_plan_wait_seconds{instance="a",reason="WaitsForDrain"}': '900x1500',
  'autopilot_agents{instance="a",role="worker",state="fresh"}': '40x1500',
  'autopilot_agent_versions{instance="a",version="1"}': '40x1500',
  'autopilot_quarantined_artifacts{instance="a"}': '0x1500',
  'autopilot_rollbacks_total{instance="a",by="policy"}': '0x1500',
  'autopilot_undos_total{instance="a",role="worker"}': '2x1500',
  'autopilot_api_requests_total{instance="a",verb="get",code="200"}': '0+600x1500',
  'autopilot_api_requests_total{instance="a",verb="patch",code="409"}': '0+60x1500',
  'autopilot_api_requests_total{instance="a",verb="get",code="none"}': '0+3x1500',
  'nodejs_eventloop_lag_p99_seconds{instance="a",job="autopilot"}': '0.1x1500',
};

const CASES: readonly Case[] = [
  {
    alert: 'AutopilotDown',
    series: { 'autopilot_build_info{instance="a",version="1"}': '1x10 stale' },
    silentAt: '14m',
    firesAt: '17m',
  },
  {
    alert: 'AutopilotNoLeader',
    series: { 'autopilot_leader{instance="a"}': '1x5 0x100' },
    silentAt: '7m',
    firesAt: '8m',
  },
  {
    alert: 'AutopilotTwoLeaders',
    series: { 'autopilot_leader{instance="b"}': '0x5 1x100' },
    silentAt: '6m',
    firesAt: '7m',
  },
  {
    alert: 'AutopilotNotSynced',
    series: { 'autopilot_synced{instance="b"}': '0x100' },
    silentAt: '4m',
    firesAt: '5m',
  },
  {
    alert: 'AutopilotPlanFailed',
    series: { 'autopilot_plans{instance="a",state="ApplyFailed"}': '0x5 1x100' },
    silentAt: '5m',
    firesAt: '6m',
  },
  {
    alert: 'AutopilotRolledBack',
    series: { 'autopilot_rollbacks_total{instance="a",by="policy"}': '0x5 1x100' },
    silentAt: '5m',
    firesAt: '7m',
  },
  {
    alert: 'AutopilotTargetUndone',
    series: { 'autopilot_undos_total{instance="a",role="worker"}': '2x5 3x100' },
    silentAt: '5m',
    firesAt: '7m',
  },
  {
    alert: 'AutopilotWaitsForPerson',
    series: {
      'autopilot_plan_wait_seconds{instance="a",reason="WaitsForApproval"}': '0+60x100',
    },
    silentAt: '60m',
    firesAt: '61m',
    labels: { reason: 'WaitsForApproval' },
  },
  {
    alert: 'AutopilotStuck',
    series: { 'autopilot_plan_wait_seconds{instance="a",reason="WaitsForDrain"}': '0+60x200' },
    silentAt: '120m',
    firesAt: '121m',
    labels: { reason: 'WaitsForDrain' },
  },
  {
    alert: 'AutopilotPausedLong',
    series: { 'autopilot_paused{instance="a"}': '1x1500' },
    silentAt: '23h',
    firesAt: '24h',
  },
  {
    alert: 'AutopilotAgentsAway',
    series: { 'autopilot_agents{instance="a",role="worker",state="stale"}': '1x100' },
    silentAt: '14m',
    firesAt: '15m',
    labels: { role: 'worker', state: 'stale' },
  },
  {
    alert: 'AutopilotAgentsOfSeveralVersions',
    series: {
      'autopilot_agent_versions{instance="a",version="2"}': '1x1500',
      'autopilot_agent_versions{instance="a",version="3"}': '1x1500',
    },
    silentAt: '23h',
    firesAt: '24h',
  },
  {
    alert: 'AutopilotQuarantine',
    series: { 'autopilot_quarantined_artifacts{instance="a"}': '1x1500' },
    silentAt: '23h',
    firesAt: '24h',
  },
  {
    alert: 'AutopilotApiErrors',
    series: { 'autopilot_api_requests_total{instance="a",verb="get",code="none"}': '0+300x100' },
    silentAt: '10m',
    firesAt: '20m',
  },
  {
    alert: 'AutopilotForbidden',
    series: { 'autopilot_api_requests_total{instance="a",verb="patch",code="403"}': '0x5 1+1x100' },
    silentAt: '5m',
    firesAt: '15m',
  },
  {
    alert: 'AutopilotEventLoopLag',
    series: { 'nodejs_eventloop_lag_p99_seconds{instance="a",job="autopilot"}': '3x100' },
    silentAt: '9m',
    firesAt: '10m',
  },
];

describe('the alerts', { skip: 'why' in found && found.why }, () => {
  const promtool = 'binary' in found ? join(dirname(found.binary), 'promtool') : '';
  let folder: string;
  let rules: readonly Rule[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autopilot-alerts-'));
    const file = parse(await readFile(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
    rules = file.groups.flatMap((group) => group.rules);
  });
  after(() => rm(folder, { recursive: true }));

  const ruleOf = (alert: string) => {
    const rule = rules.find((one) => one.alert === alert);
    assert.ok(rule, `no rule ${alert} in deploy/monitoring/alerts.yaml`);
    return rule;
  };

  test('are rules that Prometheus takes', async () => {
    const { code, stdout, stderr } = await tryRun(promtool, ['check', 'rules', RULES]);
    assert.equal(code, 0, `${stdout}${stderr}`);
  });

  test('fire when they must, not before, and not while all is well', async () => {
    const firing = (at: string, samples: readonly object[], alert?: string) => ({
      expr: `ALERTS{alertstate="firing"${alert === undefined ? '' : `,alertname="${alert}"`}}`,
      eval_time: at,
      exp_samples: samples,
    });
    const tests = CASES.map(({ alert, series, silentAt, firesAt, labels = {} }) => {
      const all = { alertname: alert, alertstate: 'firing', ...ruleOf(alert).labels, ...labels };
      const text = Object.entries(all).map(([key, value]) => `${key}="${value}"`);
      return testOf({ ...HEALTHY, ...series }, [
        ...(silentAt === undefined ? [] : [firing(silentAt, [], alert)]),
        firing(firesAt, [{ labels: `ALERTS{${text.join(',')}}`, value: 1 }], alert),
      ]);
    });
    const healthy = testOf(HEALTHY, [firing('30m', []), firing('25h', [])]);
    const file = join(folder, 'test.yaml');
    const content = { rule_files: [RULES], evaluation_interval: '1m', tests: [healthy, ...tests] };
    await writeFile(file, JSON.stringify(content));
    const { code, stdout, stderr } = await tryRun(promtool, ['test', 'rules', file]);
    assert.equal(code, 0, `${stdout}${stderr}`);
  });

  test('each has its case, says what to do, and asks for metrics and words that there are', () => {
    assert.deepEqual(
      rules.map(({ alert }) => alert).sort(),
      CASES.map(({ alert }) => alert).sort(),
    );
    for (const { alert, expr, annotations } of rules) {
      assert.ok(annotations.summary && annotations.description, `${alert} says too little`);
      for (const [name] of expr.matchAll(/\bautopilot_\w+/g))
        assert.ok(name in METRICS, `${alert}: ${name}`);
      for (const [, words = ''] of expr.matchAll(/reason!?=~?"([^"]+)"/g)) {
        for (const word of words.split('|')) assert.ok(isReason(word), `${alert}: ${word}`);
      }
    }
  });
});

function testOf(series: Readonly<Record<string, string>>, expressions: readonly object[]) {
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: expressions,
  };
}
