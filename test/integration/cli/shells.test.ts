import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { findFish, findZsh, type Program } from '../../../tools/debian-program/find.ts';
import { tryRun } from '../../support/cluster/run.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

let folder: string;
const env: Record<string, string> = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autopilot-shells-'));
  const program = join(folder, 'autopilot');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(program, 0o755);
  env.PATH = `${folder}:${process.env.PATH}`;
});
after(() => rm(folder, { recursive: true, force: true }));

const skipped = (shell: Program) => ('why' in shell ? { skip: shell.why } : {});

async function ran(argv: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const [file = '', ...args] = argv;
  const { code, stdout, stderr } = await tryRun(file, args, { env: { ...env, ...more } });
  assert.equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}

/** @returns path of what the program prints for a shell to read */
async function scriptFor(shell: string): Promise<string> {
  const path = join(folder, `_autopilot-${shell}`);
  await writeFile(path, await ran(['autopilot', 'completion', shell]));
  return path;
}

test('bash completes a command, an option, and what an option takes', async () => {
  const script = await scriptFor('bash');
  const completed = (...words: readonly string[]) => {
    const line = `source ${script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _autopilot; echo "\${COMPREPLY[@]}"`;
    return ran(['bash', '-c', line, 'bash', 'autopilot', ...words]);
  };
  assert.equal(await completed('sta'), 'status\n');
  assert.equal(await completed('status', '--w'), '--watch\n');
  assert.equal(await completed('status', '-o', ''), 'text wide json yaml\n');
});

const fish = findFish();
test('fish completes the same', skipped(fish), async () => {
  if ('why' in fish) return;
  const script = await scriptFor('fish');
  const libraries = globSync(join(dirname(dirname(fish.binary)), 'lib/*-linux-gnu')).join(':');
  const completed = async (line: string) => {
    const command = `source ${script}; complete --do-complete "${line}"`;
    const argv = [fish.binary, '--no-config', '-c', command];
    const said = await ran(argv, { LD_LIBRARY_PATH: libraries, HOME: folder });
    return said.split('\n').filter(Boolean).sort();
  };
  assert.deepEqual(await completed('autopilot sta'), ['status']);
  assert.deepEqual(await completed('autopilot status --w'), ['--watch']);
  assert.deepEqual(await completed('autopilot status -o '), ['json', 'text', 'wide', 'yaml']);
});

/** Types into an interactive zsh, as somebody does. What is unpacked and not installed has to be told where it is. */
const TYPE = `
module_path=($ROOT/usr/lib/*/zsh/*(/N) $module_path)
folders=($ROOT/usr/share/zsh/functions/**/(/N) $fpath)
zmodload zsh/zpty
zpty typed "$SHELL_UNDER_TEST -f -i"
zpty -w typed "module_path=($module_path); fpath=($folders); autoload -Uz compinit; compinit -u -D; source $1; print REA''DY"
zpty -r -m typed said '*READY*'
zpty -w -n typed "$2"$'\\t'
zpty -w typed ' # AFTER'
zpty -r -m typed said '*AFTER*'
zpty -d typed
print -r -- "$said"
`;

const zsh = findZsh();
test('zsh completes where somebody presses Tab', skipped(zsh), async () => {
  if ('why' in zsh) return;
  const script = await scriptFor('zsh');
  const type = join(folder, 'type.zsh');
  await writeFile(type, TYPE);
  const completed = (line: string) =>
    ran([zsh.binary, '-f', type, script, line], {
      ROOT: zsh.binary.replace(/(\/usr)?\/bin\/zsh$/, ''),
      SHELL_UNDER_TEST: zsh.binary,
      TERM: 'dumb',
    });
  assert.match(await completed('autopilot sta'), /autopilot status/);
  assert.match(await completed('autopilot completion z'), /autopilot completion zsh/);
});
