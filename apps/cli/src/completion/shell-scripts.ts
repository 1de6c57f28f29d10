/** Shells that a completion script is printed for. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * The completion script of a shell. It asks the program itself for every suggestion (`postern __complete`), one a line,
 * with a tab before a few words about it, so that it never grows old; no suggestion means files.
 */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# postern completion for bash; load it with: source <(postern completion bash)
_postern() {
  local line="\${COMP_LINE:0:COMP_POINT}" words current prefix="" value
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  # Bash breaks words at "=": it wants only what stands behind the last one.
  [[ $current == *=* && $COMP_WORDBREAKS == *=* ]] && prefix="\${current%=*}="
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    COMPREPLY+=("\${value#"$prefix"}")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _postern postern
`,
  zsh: `#compdef postern
# postern completion for zsh; load it with: source <(postern completion zsh)
_postern() {
  local -a lines entries
  local line
  lines=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    [[ -n $line ]] && entries+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#entries} )); then _describe postern entries; else _files; fi
}
compdef _postern postern
`,
  fish: `# postern completion for fish; load it with: postern completion fish | source
function __postern_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete -- $words[2..-1] 2>/dev/null)
    if test (count $lines) -gt 0
        printf '%s\\n' $lines
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c postern -f -a '(__postern_complete)'
`,
  powershell: `# postern completion for PowerShell; load it with: postern completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName postern -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -le $cursorPosition } | ForEach-Object { $_.ToString() })
    if ($wordToComplete -eq '') { $words += '""' }
    $rest = @($words | Select-Object -Skip 1)
    & $words[0] __complete -- @rest 2>$null | ForEach-Object {
        $value, $about = $_ -split "\`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
    }
}
`,
};
