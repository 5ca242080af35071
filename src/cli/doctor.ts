import { connect, type Kube } from '../kube/client.ts';
import { AUTOPILOT_VERSION } from '../version.ts';
import { portOf } from './api-port.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { examine } from './doctor-checks.ts';
import { readDoctorFacts } from './doctor-cluster.ts';
import { doctorText } from './doctor-print.ts';
import { EXIT } from './exit.ts';
import { outputText } from './print-output.ts';
import { paintFor } from './print-paint.ts';
import { isExpected, troubleOf } from './print-trouble.ts';

export interface DoctorOptions extends ClusterOptions {
  readonly apiPort: string;
}

/** Examines an installation, and prints what to mend. @returns the exit code */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  let kube: Kube | undefined;
  try {
    const apiPort = portOf(options.apiPort);
    kube = connect({ ...options, version: AUTOPILOT_VERSION });
    const found = examine(await readDoctorFacts(kube, apiPort));
    const paint = paintFor(process.stdout, process.env);
    process.stdout.write(outputText(options.output, found, () => doctorText(found, paint)));
    return found.some(({ level }) => level === 'bad') ? EXIT.refused : EXIT.fine;
  } catch (thrown) {
    if (!isExpected(thrown)) throw thrown;
    const { sentence, exitCode } = troubleOf(thrown, kube?.server ?? '');
    process.stderr.write(`autopilot doctor: ${sentence}\n`);
    return exitCode;
  } finally {
    await kube?.close();
  }
}
