import type { InstalledHost } from './installed-host.ts';

/**
 * Puts a new certificate and key where the kubelet keeps them, as its own rotation does: a new file, and a link
 * that leads to it. The old one is gone afterwards.
 * @param controller whose authority signs it
 */
export async function renewCertificate(
  controller: InstalledHost,
  { machine, layout, nodeName }: InstalledHost,
): Promise<void> {
  const kubeconfig = await controller.k0s(
    ...['kubeconfig', 'create', `system:node:${nodeName}`, '--groups', 'system:nodes'],
  );
  const decode = (field: string) =>
    Buffer.from(new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString();
  const pem = decode('client-certificate-data') + decode('client-key-data');
  const folder = `${layout.kubeletRootDir}/pki`;
  const current = `${folder}/kubelet-client-current.pem`;
  const old = (await machine.must(['readlink', '-f', current])).trim();
  const renewed = `${folder}/kubelet-client-${Date.now()}.pem`;
  await machine.write(renewed, pem, 0o600);
  await machine.must(['ln', '-s', renewed, `${current}.new`]);
  await machine.must(['mv', '-T', `${current}.new`, current]);
  await machine.must(['rm', old]);
}
