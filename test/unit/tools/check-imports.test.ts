import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { violations } from '../../../tools/imports/rules.ts';
import { scanImports } from '../../../tools/imports/scan.ts';

const packages = new Set(['zod', 'undici', 'xstate', 'pino', '@kubernetes/client-node']);

/** What is planted, and the start of the one sentence that it must bring. */
const rows: readonly [
  sentence: string,
  files: Record<string, string>,
  wanted: string | undefined,
][] = [
  [
    'programs, adapters, pure files and the API in their order are fine',
    {
      'src/main.ts': "await import('./plans/controller.ts');",
      'src/plans/controller.ts': "import { decide } from './decide.ts';\nimport 'xstate';",
      'src/plans/decide.ts': "import type { Plan } from '../api/plan.ts';",
      'src/api/plan.ts': "import * as z from 'zod';",
    },
    undefined,
  ],
  [
    'a pure file that imports an adapter',
    {
      'src/plans/decide.ts': "import { watch } from '../kube/watch.ts';",
      'src/kube/watch.ts': '',
    },
    'src/plans/decide.ts:1: a pure file may not import an adapter (src/kube/watch.ts)',
  ],
  [
    'a pure file that imports the type of an adapter, over several lines',
    {
      'src/health/gate.ts': "\nimport type {\n  Watch,\n} from '../kube/watch.ts';",
      'src/kube/watch.ts': '',
    },
    'src/health/gate.ts:2: a pure file may not import an adapter (src/kube/watch.ts)',
  ],
  [
    'the API that looks up',
    { 'src/api/plan.ts': "import '../plans/decide.ts';", 'src/plans/decide.ts': '' },
    'src/api/plan.ts:1: src/api may not import a pure file (src/plans/decide.ts)',
  ],
  [
    'health that knows plans',
    { 'src/health/gate.ts': "import '../plans/decide.ts';", 'src/plans/decide.ts': '' },
    'src/health/gate.ts:1: src/plans/decide.ts is above it',
  ],
  [
    'a pure file that reads files',
    { 'src/plans/decide.ts': "import { readFile } from 'node:fs/promises';" },
    'src/plans/decide.ts:1: a pure file may not import node:fs/promises',
  ],
  [
    'a pure file that looks at the clock',
    { 'src/plans/decide.ts': '// Date.now() is not for us\nconst now = Date.now();' },
    'src/plans/decide.ts:2: a pure file takes time and configuration as arguments',
  ],
  [
    'client-node outside src/kube',
    { 'src/drain/evict-client.ts': "import { CoreV1Api } from '@kubernetes/client-node';" },
    'src/drain/evict-client.ts:1: only src/kube imports @kubernetes/client-node',
  ],
  [
    'an agent that loads undici, two files away',
    {
      'src/node-agent/main.ts': "import { fetchAll } from './fetch-client.ts';",
      'src/node-agent/fetch-client.ts': "export { request } from 'undici';",
    },
    'src/node-agent/fetch-client.ts:1: the agent may not load undici (src/node-agent/main.ts -> src/node-agent/fetch-client.ts)',
  ],
  [
    'an agent that only uses a type of it',
    { 'src/node-agent/main.ts': "import type { Actor } from 'xstate';" },
    undefined,
  ],
  [
    'a command line that loads what a command does, before it knows the command',
    {
      'src/cli/main.ts': "import { run } from './run-command.ts';",
      'src/cli/run-command.ts': "import * as z from 'zod';",
    },
    'src/cli/run-command.ts:1: zod is loaded before src/cli/main.ts knows what to do',
  ],
  [
    'a command line that imports what a command does when it is done',
    {
      'src/cli/main.ts': "const run = () => import('./run.ts');",
      'src/cli/run.ts': "import * as z from 'zod';",
    },
    undefined,
  ],
  [
    'two files that import each other',
    { 'src/plans/a.ts': "import './b.ts';", 'src/plans/b.ts': "import type { A } from './a.ts';" },
    'src/plans/a.ts:1: imports itself: src/plans/a.ts -> src/plans/b.ts -> src/plans/a.ts',
  ],
  [
    'an import of a file that is not there',
    { 'src/plans/a.ts': "import './gone.ts';" },
    'src/plans/a.ts:1: imports src/plans/gone.ts, which does not exist',
  ],
  [
    'a package that would not be installed with us',
    { 'src/cli/tidy.ts': "import { rm } from '@scope/rimraf/all';" },
    'src/cli/tidy.ts:1: @scope/rimraf is not among the "dependencies"',
  ],
];

describe('check-imports', () => {
  for (const [sentence, files, wanted] of rows) {
    test(sentence, () => {
      const found = violations(new Map(Object.entries(files)), packages);
      assert.equal(found.length, wanted === undefined ? 0 : 1, found.join('\n'));
      if (wanted !== undefined) assert.ok(found[0]?.startsWith(wanted), found[0]);
    });
  }

  test('imports in comments and strings are not imports', () => {
    const text = [
      "// import 'a';",
      '/*',
      "import { b } from 'b';",
      '*/',
      "const url = 'http://x'; // import('c')",
      "import { d } from 'd';",
    ].join('\n');
    assert.deepEqual(
      scanImports(text).map(({ specifier, line }) => [specifier, line]),
      [['d', 6]],
    );
  });
});
