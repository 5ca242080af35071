/** By this name kubectl finds its plugin: `kubectl autopilot`. */
export const PLUGIN_NAME = 'kubectl-autopilot';

/** By this one it finds who completes the words of the plugin. */
export const PLUGIN_COMPLETION_NAME = 'kubectl_complete-autopilot';

export const PLUGIN_COMPLETION = `#!/bin/sh
# autopilot completion kubectl > /usr/local/bin/${PLUGIN_COMPLETION_NAME}; chmod +x it
exec ${PLUGIN_NAME} __complete -- "$@"
`;
