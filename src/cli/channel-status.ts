import { type UpdateConfig, updateConfigSchema } from '../api/update-config.ts';
import { ConfigError } from '../config.ts';
import { connect, type Kube } from '../kube/client.ts';
import { UPDATE_CONFIGS } from '../kube/target-path.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { channelStatusText, isFollowed } from './channel-status-print.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { EXIT } from './exit.ts';
import { list } from './preview-list.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';

export type ChannelStatusOptions = ClusterOptions;

/** Prints what is told of channels. @returns the exit code */
export async function runChannelStatus(
  name: string | undefined,
  options: ChannelStatusOptions,
): Promise<number> {
  let kube: Kube | undefined;
  try {
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const all = (await list(kube, UPDATE_CONFIGS)).map((raw) => updateConfigSchema.parse(raw));
    const configs = all.filter(({ metadata }) => name === undefined || metadata.name === name);
    if (name !== undefined && configs.length === 0) {
      const names = all.map(({ metadata }) => metadata.name).join(', ') || 'none';
      throw new ConfigError(`no UpdateConfig ${name}, found ${names}`);
    }
    const paint = paintFor(process.stdout, process.env);
    process.stdout.write(
      outputText(options.output, configs.map(told), () => channelStatusText(configs, paint)),
    );
    return configs.every(isFollowed) ? EXIT.fine : EXIT.refused;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot channel status: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}

function told({ metadata, spec, status }: UpdateConfig) {
  const { channel, updateServer } = spec;
  return { name: metadata.name, channel, updateServer, ...status };
}
