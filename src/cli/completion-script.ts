import { PLUGIN_COMPLETION } from '../install/plugin.ts';

export const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What a shell reads to complete our commands: it asks the program itself, so that it never lags behind.
 * `kubectl`: the program `kubectl_complete-autopilot`, which kubectl asks for its plugin.
 */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case 'bash':
      return `# autopilot completion bash > /etc/bash_completion.d/autopilot
_autopilot() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:'))
}
complete -F _autopilot autopilot kubectl-autopilot
`;
    case 'zsh':
      return `#compdef autopilot kubectl-autopilot
# autopilot completion zsh > "\${fpath[1]}/_autopilot"
_autopilot() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null | grep -v '^:')}")
  compadd -a found
}
compdef _autopilot autopilot kubectl-autopilot
`;
    case 'fish':
      return `# autopilot completion fish > ~/.config/fish/completions/autopilot.fish
complete -c autopilot -f -a '(autopilot __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null | string match -v ":*")'
`;
    case 'kubectl':
      return PLUGIN_COMPLETION;
  }
}
