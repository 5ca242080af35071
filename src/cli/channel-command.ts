import { type Command, InvalidArgumentError, Option } from 'commander';
import { SEVERITIES } from '../api/severities.ts';
import type * as Actions from './channel.ts';
import { addChannelStatus } from './channel-status-command.ts';

const HELP = `
A folder of channels holds files that any web server can serve; its address is told to init. Where it trusts
keys, changes without --key are drafts, which sign publishes. See docs/usage/publishing.md.

Exit: 0 done or as it should be, 1 refused, 2 bad input`;

/** Publishing of channels. What carries it out is loaded only when it is asked for. */
export function addChannel(program: Command): void {
  const channel = program
    .command('channel')
    .description(
      'publish channels of releases, as a folder of static files for any web server; status: what a cluster follows',
    )
    .addHelpText('after', HELP);
  addKeys(channel);
  addChanges(channel);
  addLooks(channel);
  addChannelStatus(channel);
}

function addKeys(channel: Command): void {
  channel
    .command('keygen')
    .argument('<name>', 'the files are NAME.key, to be kept off the network, and NAME.pub')
    .description('make a pair of keys to sign with, as minisign -G -W does')
    .action(async (name: string) => run((actions) => actions.keygen(name)));
  channel
    .command('init')
    .argument('<channel...>', 'names such as edge, stable, stable/v1.36')
    .option('--url <url>', 'under which the folder is served')
    .option(
      '--trust <key>',
      'minisign public key, or the file that holds it; repeatable',
      collect,
      [],
    )
    .option('--valid-days <days>', 'an index is believed for so long without renewal', wholeNumber)
    .addOption(folderOption())
    .description('make a folder of channels, or add channels and keys to one')
    .action(async (channels: string[], options: Actions.InitOptions) =>
      run((actions) => actions.init(channels, options)),
    );
}

function addChanges(channel: Command): void {
  signing(channel.command('add'))
    .argument('<channel>')
    .argument('<version>', 'such as v1.36.4+k0s.0')
    .option('--k0s <platform=file>', 'binary, such as linux-amd64=./k0s; repeatable', collect, [])
    .option('--airgap <platform=file>', 'image bundle; repeatable', collect, [])
    .addOption(
      new Option('--severity <severity>', 'the worst that it mends')
        .choices(SEVERITIES)
        .default('none'),
    )
    .option('--cve <id>', 'what it mends; repeatable', collect, [])
    .option('--released <time>', 'when it came out, such as 2026-11-20T10:00:00Z; else now')
    .option('--eol <day>', 'after which its minor version gets no more patches')
    .option('--older', 'it may be older than the newest of the channel')
    .description('copy artifacts into the folder and put the release into a channel')
    .action(async (name: string, version: string, options: Actions.AddOptions) =>
      run((actions) => actions.add(name, version, options)),
    );
  signing(channel.command('promote'))
    .argument('<version>')
    .requiredOption('--from <channel>', 'where it is')
    .requiredOption('--to <channel>', 'where it shall be as well')
    .option('--older', 'it may be older than the newest of the channel')
    .description('put a release of one channel into another, its files read again')
    .action(async (version: string, options: Actions.PromoteOptions) =>
      run((actions) => actions.promote(version, options)),
    );
  signing(channel.command('block'))
    .argument('<channel>')
    .argument('<version>')
    .option('--reason <words>', 'why, as clusters will tell it')
    .option('--from <range>', 'only the way from these versions, such as "<v1.36.3"')
    .option('--lift', 'it is blocked no longer')
    .description(
      'tell clusters not to go to a release; the newest that is not blocked takes its place',
    )
    .action(async (name: string, version: string, options: Actions.BlockOptions) =>
      run((actions) => actions.block(name, version, options)),
    );
  signing(channel.command('remove'))
    .argument('<channel>')
    .argument('<version>')
    .description('take a release out of a channel; its files stay')
    .action(async (name: string, version: string, options: Actions.SigningOptions) =>
      run((actions) => actions.remove(name, version, options)),
    );
  signing(channel.command('sign'))
    .argument('<channel>')
    .option('--signature <file>', 'made elsewhere, by minisign -S of the draft')
    .option('--adopt', 'what stands is taken as it is, although nobody trusted has signed it')
    .option('--epoch <number>', 'at least this one, for a folder that was restored', wholeNumber)
    .description('publish the draft of a channel; without one, renew what stands')
    .action(async (name: string, options: Actions.SignOptions) =>
      run((actions) => actions.sign(name, options)),
    );
}

function addLooks(channel: Command): void {
  channel
    .command('verify')
    .argument('[channel...]', 'all where none is named')
    .addOption(folderOption())
    .description(
      'judge channels as readers do, and read every file that they name; changes nothing',
    )
    .action(async (channels: string[], options: Actions.FolderOptions) =>
      run((actions) => actions.verify(channels, options)),
    );
  channel
    .command('serve')
    .option('--address <address>', 'where to listen', '127.0.0.1')
    .option('--port <port>', 'where to listen; 0 for any', wholeNumber, 8080)
    .addOption(folderOption())
    .description('serve the folder, for a lab: without TLS, and to whoever can reach it')
    .action(async (options: Actions.ServeOptions) => run((actions) => actions.serve(options)));
}

async function run(act: (actions: typeof Actions) => Promise<number>): Promise<void> {
  process.exitCode = await act(await import('./channel.ts'));
}

function signing(command: Command): Command {
  return command
    .addOption(folderOption())
    .option('--key <file>', 'secret key to sign with: of minisign, or ed25519 in PEM')
    .option('--password-file <file>', 'holds the password of the key, where it is encrypted');
}

function folderOption(): Option {
  return new Option('--folder <folder>', 'the folder of channels').default('.');
}

function collect(one: string, before: readonly string[]): readonly string[] {
  return [...before, one];
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('wanted a whole number');
  return Number(text);
}
