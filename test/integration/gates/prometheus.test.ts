import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { PrometheusSpec } from '../../../src/gates/prometheus-gate.ts';
import { askPrometheus } from '../../../src/gates/prometheus-gate-client.ts';
import { layerFlaws } from '../../../src/plans/layer-flaws.ts';
import { findPrometheus } from '../../../tools/debian-program/find.ts';
import { eventually } from '../../support/eventually.ts';

const found = findPrometheus();

/** As an operator writes it: a rule that is recorded, and what it is made of. */
const RULES = `
groups:
  - name: shop
    rules:
      - record: shop:error_ratio
        expr: sum by (service) (shop_errors) / sum by (service) (shop_requests)
`;

describe('a real Prometheus', { skip: 'why' in found && found.why, timeout: 120_000 }, () => {
  let folder: string;
  let target: Server;
  let prometheus: ChildProcess;
  let url: string;
  /** What the application says of itself, by service. */
  const metrics = { errors: { cart: 0, search: 0 }, requests: { cart: 100, search: 100 } };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'autopilot-prometheus-'));
    target = createServer((_, response) => response.end(exposition()));
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    await writeFile(join(folder, 'rules.yml'), RULES);
    await writeFile(
      join(folder, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: ['rules.yml'],
        scrape_configs: [
          { job_name: 'shop', static_configs: [{ targets: [`127.0.0.1:${portOf(target)}`] }] },
        ],
      }),
    );
    const listen = `127.0.0.1:${await freePort()}`;
    url = `http://${listen}`;
    const log = openSync(join(folder, 'log'), 'a');
    prometheus = spawn(
      'binary' in found ? found.binary : '',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${listen}`,
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
    await eventually('Prometheus to have evaluated its rule', async () => {
      if (prometheus.exitCode !== null) {
        throw new Error(await readFile(join(folder, 'log'), 'utf8'));
      }
      const { outcome, message } = await ask({ query: 'shop:error_ratio', atMost: 0 });
      if (outcome !== 'pass') throw new Error(message);
      return true;
    });
  });
  after(async () => {
    target?.close();
    if (prometheus !== undefined && prometheus.exitCode === null && !prometheus.killed) {
      const exited = once(prometheus, 'exit');
      prometheus.kill();
      await exited;
    }
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  function exposition(): string {
    const lines = (['errors', 'requests'] as const).flatMap((name) =>
      Object.entries(metrics[name]).map(
        ([service, value]) => `shop_${name}{service="${service}"} ${value}`,
      ),
    );
    return `${lines.join('\n')}\n`;
  }

  const ask = (spec: Omit<PrometheusSpec, 'url'>) =>
    askPrometheus({ url, ...spec }, 10_000, new AbortController().signal);

  test('says yes of every sample of a recorded rule', async () => {
    assert.deepEqual(await ask({ query: 'shop:error_ratio', atMost: 0.01 }), {
      outcome: 'pass',
      message:
        'wanted at most 0.01, found 0 shop:error_ratio{service="cart"}; 0 shop:error_ratio{service="search"}',
    });
    const scalar = await ask({ query: 'scalar(count(up == 1))', atLeast: 1 });
    assert.equal(scalar.outcome, 'pass', scalar.message);
  });

  test('says no when one of them gets worse, and which', async () => {
    metrics.errors.cart = 7;
    const answer = await eventually('the rule to see it', async () => {
      const now = await ask({ query: 'shop:error_ratio', atMost: 0.01 });
      return now.outcome === 'fail' && now;
    });
    assert.equal(
      answer.message,
      'wanted at most 0.01, found 0.07 shop:error_ratio{service="cart"}',
    );
    metrics.errors.cart = 0;
  });

  test('a result without samples, and one that is no number, are unknown', async () => {
    const empty = { query: 'shop:error_ratio{service="none"}', atMost: 1 };
    assert.equal((await ask(empty)).outcome, 'unknown');
    assert.equal((await ask({ ...empty, empty: 'Pass' })).outcome, 'pass');
    assert.equal((await ask({ ...empty, empty: 'Fail' })).outcome, 'fail');
    const nan = await ask({ query: 'vector(0) / 0', atMost: 1 });
    assert.deepEqual(nan, { outcome: 'unknown', message: 'wanted at most 1, found NaN' });
  });

  test('a query that does not parse is seen before it is asked, and Prometheus agrees', async () => {
    const query = 'sum(rate(shop_errors[5m])';
    const gates = [{ name: 'errors', prometheus: { url, query, atMost: 1 } }];
    assert.deepEqual(layerFlaws({ gates }), [
      {
        path: 'gates.0.prometheus.query',
        message: 'does not parse as PromQL at character 26',
      },
    ]);
    const answer = await ask({ query, atMost: 1 });
    assert.equal(answer.outcome, 'unknown');
    assert.match(answer.message, /says bad_data: .*parse error: unclosed left parenthesis/);
  });

  test('one that parses and cannot be answered is unknown, in the words of Prometheus', async () => {
    const typed = await ask({ query: 'rate(shop_errors)', atMost: 1 });
    assert.equal(typed.outcome, 'unknown');
    assert.match(typed.message, /says bad_data: .*expected type range vector/);
    const matched = await ask({ query: 'shop_errors / on(job) shop_requests', atMost: 1 });
    assert.equal(matched.outcome, 'unknown');
    assert.match(matched.message, /says execution: .*found duplicate series for the match group/);
    const range = await ask({ query: 'shop_errors[5m]', atMost: 1 });
    assert.deepEqual(range, {
      outcome: 'unknown',
      message: 'wanted an instant vector or a scalar, found a matrix',
    });
  });

  test('a server that is away is unknown, never a pass', async () => {
    const exited = once(prometheus, 'exit');
    prometheus.kill();
    await exited;
    const { outcome, message } = await ask({ query: 'shop:error_ratio', atMost: 1 });
    assert.equal(outcome, 'unknown');
    assert.match(message, /^could not be asked: .*ECONNREFUSED/);
  });
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}
