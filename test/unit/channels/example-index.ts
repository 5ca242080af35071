/** The index of docs/protocol/channel-index.md. */
export const EXTENDED = `channel: stable
version: v1.36.4+k0s.0
downloadURLs:
  - os: linux
    arch: amd64
    k0s: https://mirror.example.com/v1.36.4/k0s-amd64
    k0sSha256: ${'a'.repeat(64)}
    airgapBundle: https://mirror.example.com/v1.36.4/bundle-amd64.tar
    airgapSha256: ${'b'.repeat(64)}
eolDate: 2027-06-28
extended:
  epoch: 17
  issued: 2026-11-28T02:00:00Z
  expires: 2026-12-12T02:00:00Z
  releases:
    - version: v1.36.4+k0s.0
      released: 2026-11-20T10:00:00Z
      severity: high
      cves: [CVE-2026-1234]
      eol: 2027-06-28
      downloadURLs:
        - os: linux
          arch: amd64
          k0s: https://mirror.example.com/v1.36.4/k0s-amd64
          k0sSha256: ${'a'.repeat(64)}
          k0sSize: 250000000
          airgapBundle: https://mirror.example.com/v1.36.4/bundle-amd64.tar
          airgapSha256: ${'b'.repeat(64)}
          airgapSize: 400000000
    - version: v1.35.9+k0s.0
      released: 2026-10-01T10:00:00Z
      downloadURLs:
        - {os: linux, arch: amd64, k0s: "https://mirror.example.com/v1.35.9/k0s-amd64", k0sSha256: ${'c'.repeat(64)}}
  blocked:
    versions:
      - {version: v1.36.2+k0s.0, reason: "loses data of etcd"}
    edges:
      - {from: "<v1.35.0", to: v1.36.4+k0s.0, reason: "stored versions"}
`;

/** k0s's own form. */
export const PLAIN = `channel: latest
version: v1.37.0+k0s.0
downloadURLs:
- {os: linux, arch: amd64, k0s: "https://get.example.com/k0s", k0sSha256: ${'d'.repeat(64)}, airgapBundle: "", airgapSha256: ""}
`;
