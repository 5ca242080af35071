import type { ApiServer } from '../api-server.ts';
import { CASES, tryCase } from './cases.ts';
import { setUpIdentities } from './identities.ts';
import { isAllowed, RESOURCES, verbsOf } from './requests.ts';

const AT_ONCE = 8;

/** docs/usage/rights.md, as this API server answers. */
export async function rightsPage(api: ApiServer): Promise<string> {
  const identities = await setUpIdentities(api);
  const matrix = await inTurn(RESOURCES, async (resource) => {
    const cells = await inTurn(identities, async ({ kube }) => {
      const allowed: string[] = [];
      for (const verb of verbsOf(resource)) {
        if (await isAllowed(kube, resource, verb)) allowed.push(verb);
      }
      return allowed.join(' ');
    });
    return row([resource.title, ...cells]);
  });
  const cases: string[] = [];
  for (const one of CASES) {
    const cells = await Promise.all(identities.map(({ kube }) => tryCase(kube, one)));
    cases.push(row([one.title, ...cells.map((cell) => (cell === 'no' ? '' : cell))]));
  }
  const head = (first: string) => [
    row([first, ...identities.map(({ title }) => title)]),
    `|${'---|'.repeat(identities.length + 1)}`,
  ];
  return `# Rights
Who may do what with \`deploy/rbac.yaml\` and \`deploy/admission.yaml\` installed. Made by \`npm run rights\`, which sends every one of these requests to a real API server as every one of these identities; what would change something, as a dry run, which goes through authorizer and admission like any other. A test fails when the answers differ from this page.

- *orchestrator*: the user \`autopilot:orchestrator\`; *in a Pod*: its ServiceAccount
- *agent of c1*: the user \`autopilot:control-node:c1\` of the group \`autopilot:control-nodes\`; *agent of w1*: the credential of its kubelet
- *operator*: bound to the ClusterRole \`autopilot:operator\`
- *who labels hosts*: may \`patch\` Nodes and ControlNodes, by a role that is none of ours; *anybody else*: has logged in, and no more

Members of \`system:masters\` may do everything, as everywhere; see [the threat model](../development/threat-model.md).

## By resource
${[...head('resource'), ...matrix].join('\n')}

## What RBAC cannot tell apart
\`admission\`: they may write such an object, and an admission policy of ours, or the API server's own NodeRestriction, forbids this write. Empty: the authorizer forbids it.

${[...head('write'), ...cases].join('\n')}
`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** All of them, a few at once, their answers in order. */
async function inTurn<T, R>(all: readonly T[], ask: (one: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  let next = 0;
  const work = async () => {
    while (next < all.length) {
      const at = next++;
      answers[at] = await ask(all[at]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}
