import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../../..');
const HOSTS = 'test/long/hosts-install.test.ts';
const CLUSTER = 'test/long/docs-commands.test.ts';

/** Who runs the commands of a block, or why nobody does. */
type Runs = { readonly by: string } | { readonly why: string };

/** By page and, where its blocks have one, the word behind `sh`. */
const RUNS: Readonly<Record<string, Runs>> = {
  'README.md try': { why: 'they are the demo, which test/e2e/demo.test.ts runs, and the tests' },
  'README.md install': { why: 'each is one of usage/install.md: see below' },
  'usage/agent.md agent-host': { by: HOSTS },
  'usage/agent.md agent-report': { by: CLUSTER },
  'usage/agent.md at-boot': {
    why: 'a file for OpenRC; test/e2e/hosts-agent.test.ts runs the agent with --once there',
  },
  'usage/agent.md edge': { by: HOSTS },
  'usage/channels.md channel-status': { by: CLUSTER },
  'usage/cli.md plugin': { by: CLUSTER },
  'usage/cookbook.md cookbook': { by: CLUSTER },
  'usage/explain.md explain': { by: CLUSTER },
  'usage/history.md history': { by: CLUSTER },
  'usage/install.md build': {
    why: 'a build takes minutes; test/integration/build/single-file.test.ts makes the same file and its digest',
  },
  'usage/install.md every-controller': { by: HOSTS },
  'usage/install.md every-host': { by: HOSTS },
  'usage/install.md every-worker': { by: HOSTS },
  'usage/install.md first-plan': { by: HOSTS },
  'usage/install.md k0s-manifests': { by: HOSTS },
  'usage/install.md one-controller': { by: HOSTS },
  'usage/metrics.md metrics-token': { by: HOSTS },
  'usage/moving-over.md': { by: 'test/integration/k0s/moving-over.test.ts' },
  'usage/plan.md ask': { by: CLUSTER },
  'usage/plan.md leave-out': { by: CLUSTER },
  'usage/plan.md operators': { by: CLUSTER },
  'usage/plan.md verbs': { by: CLUSTER },
  'usage/points.md approve': { by: CLUSTER },
  'usage/points.md ask': { by: CLUSTER },
  'usage/policy.md kill-switch': { by: CLUSTER },
  'usage/preview.md preview': { by: CLUSTER },
  'usage/publishing.md': { by: 'test/integration/channels/publishing.test.ts' },
  'usage/rollback.md quarantine': { by: CLUSTER },
  'usage/rollback.md rollback': { by: CLUSTER },
  'usage/runbooks.md runbook': { by: CLUSTER },
  'usage/upgrade.md uninstall': { by: HOSTS },
  'usage/upgrade.md uninstall-before': { by: HOSTS },
  'usage/upgrade.md uninstall-cluster': { by: HOSTS },
  'usage/upgrade.md upgrade-check': { by: HOSTS },
  'usage/upgrade.md upgrade-cluster': { by: HOSTS },
  'usage/upgrade.md upgrade-controller': { by: HOSTS },
  'usage/upgrade.md upgrade-worker': { by: HOSTS },
};

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs/usage')).map((name) => `usage/${name}`),
].filter((page) => page.endsWith('.md'));

function blocksOf(page: string) {
  const path = page === 'README.md' ? page : `docs/${page}`;
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, head = '', block = '']) => {
    const [language = '', word] = head.split(' ');
    return { page, language, word, block };
  });
}
const blocks = pages.flatMap(blocksOf);

test('every block of commands is run by a test, or it is said why not; a new one cannot be forgotten', () => {
  const found = blocks
    .filter(({ language }) => language === 'sh')
    .map(({ page, word }) => (word === undefined ? page : `${page} ${word}`));
  assert.deepEqual([...new Set(found)].toSorted(), Object.keys(RUNS).toSorted());
});

test('commands are in blocks that say so', () => {
  for (const { page, block } of blocks.filter(({ language }) => language === '')) {
    // Behind a prompt it is shown with its answer; an answer may hold commands as well.
    const isTyped = /^(kubectl|autopilot|k0s|systemctl|rc-service|openssl|npm) [a-z]/.test(block);
    const isTable = /^autopilot +(\S+ {2,}){2}/.test(block);
    assert.ok(!isTyped || isTable, `${page}: wanted \`\`\`sh and a word, found none\n${block}`);
  }
});

test('who is said to run a block names its page and its word', () => {
  for (const [block, runs] of Object.entries(RUNS)) {
    if (!('by' in runs)) continue;
    const [page = '', word] = block.split(' ');
    const text = readFileSync(join(root, runs.by), 'utf8');
    assert.ok(text.includes(page), `${runs.by} does not name ${page}`);
    if (word !== undefined) assert.ok(text.includes(`'${word}'`), `${runs.by} has no '${word}'`);
  }
});

test('the commands of the README are those of the page that tests follow by the letter', () => {
  const page = readFileSync(join(root, 'docs/usage/install.md'), 'utf8');
  const lines = blocks
    .filter(({ page: of, word }) => of === 'README.md' && word === 'install')
    .flatMap(({ block }) => block.trim().split('\n'))
    .map((line) => line.replace(/ +#.*$/, ''));
  assert.ok(lines.length >= 4);
  for (const line of lines) assert.ok(page.includes(`\n${line}\n`), line);
});
