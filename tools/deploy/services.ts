/** The services as files, for those who install by other means than `autopilot install`. */
import { OPENRC_FLAGS, OPENRC_SCRIPTS } from '../../src/install/units-openrc.ts';
import { SYSTEMD_FLAGS, SYSTEMD_UNITS } from '../../src/install/units-systemd.ts';

const FOLDERS: readonly (readonly [
  folder: string,
  texts: Readonly<Record<string, string>>,
  ending: string,
])[] = [
  ['deploy/systemd', SYSTEMD_UNITS, ''],
  ['deploy/systemd', SYSTEMD_FLAGS, '.default'],
  ['deploy/openrc', OPENRC_SCRIPTS, ''],
  ['deploy/openrc', OPENRC_FLAGS, '.confd'],
];

export function serviceFiles(): readonly { readonly file: string; readonly text: string }[] {
  return FOLDERS.flatMap(([folder, texts, ending]) =>
    Object.entries(texts).map(([name, text]) => ({ file: `${folder}/${name}${ending}`, text })),
  );
}
