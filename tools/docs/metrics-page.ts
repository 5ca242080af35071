import { METRICS, type MetricDefinition } from '../../src/metrics/catalogue.ts';

/** The catalogue of metrics as a table: none can be missing. */
export function metricsTable(): string {
  const rows = Object.entries<MetricDefinition>(METRICS).map(
    ([name, { kind, labels, help }]) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return ['| name | kind | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** Metrics, probes and alerts for who watches orchestrators. */
export function metricsPage(): string {
  return `# Metrics and probes
Every orchestrator answers on \`--metrics-address\`, \`127.0.0.1:9488\` unless said otherwise; \`off\` turns it off. Made from \`src/metrics/catalogue.ts\` by \`npm run generate\`.

| path | answer |
|---|---|
| \`/readyz\` | 200 while its watches are alive, leading or standing by; else 503 and why |
| \`/livez\` | 200 while its loops turn; 503 and which has not for a minute. An API server that is away is no reason |
| \`/metrics\` | the metrics, for who has the token |

Probes need no token and tell nothing but this. Metrics tell which versions run where and what has failed, so that they are never served without a token, on loopback neither: every user of a host can reach that. Make one and name it; it is read again at every scrape, so that it can be changed at any time:

\`\`\`sh metrics-token
openssl rand -hex 32 > /etc/autopilot-controller/metrics-token
chown root:autopilot /etc/autopilot-controller/metrics-token
chmod 640 /etc/autopilot-controller/metrics-token
echo 'AUTOPILOT_CONTROLLER_ARGS="--metrics-token-file /etc/autopilot-controller/metrics-token"' >> /etc/default/autopilot-controller
systemctl restart autopilot
\`\`\`

That is for a controller with \`autopilot install both\`; with OpenRC the file of flags is \`/etc/conf.d/autopilot-controller\`, and \`rc-service autopilot restart\` restarts it.

A scraper on another host needs an address that it can reach, and TLS: with a token and without \`--metrics-cert-file\` and \`--metrics-key-file\` nothing but loopback is listened on, because the token would cross the network in the clear. A certificate that is renewed on the disk is taken up within a minute.

\`\`\`yaml
scrape_configs:
  - job_name: autopilot
    scheme: https
    authorization: {credentials_file: /etc/prometheus/autopilot-token}
    tls_config: {ca_file: /etc/prometheus/autopilot-ca.crt}
    static_configs:
      - targets: ["c1.example.net:9488", "c2.example.net:9488"]
\`\`\`

## What is told
Gauges tell what a process sees, leader or not: of several orchestrators take the \`max\`. Counters and histograms tell what it has brought about since it was started: take the \`sum\`. No label is the name of a node, a Plan or a Pod, so that a cluster of 5,000 nodes has as many series as one of five; which node it is says \`kubectl get plan\` and \`autopilot explain\`. Reasons are those of [reasons.md](reasons.md); \`Other\` stands for a word that is not of ours, such as one that k0s has written.

${metricsTable()}

Beside these stand those of the process, \`process_*\` and \`nodejs_*\`: CPU time, memory, open files, garbage collections, and \`nodejs_eventloop_lag_seconds\`. Its quantiles (\`nodejs_eventloop_lag_p99_seconds\`) are of waits of 0.1 s, so that at rest they show 0.1.

## Alerts
[deploy/monitoring/alerts.yaml](../../deploy/monitoring/alerts.yaml) is a file of rules for Prometheus; every alert says what to look at, and each is in the [runbooks](runbooks.md#alerts). \`promtool check rules\` accepts it, and the project's tests let each alert fire, and stay silent when all is well.
`;
}
