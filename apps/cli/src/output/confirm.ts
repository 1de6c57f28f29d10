import { usageFailure } from '../cli-failure.ts';

/**
 * Asks before something is lost. True when it may go on: `--yes`, or a yes on a terminal. Without a terminal (or with
 * `--no-input`) nothing asks: a usage failure with the question that says to add `--yes`.
 */
export async function confirmLoss(
  question: string,
  flags: { readonly yes: boolean; readonly input: boolean },
): Promise<boolean> {
  if (flags.yes) return true;
  if (!flags.input || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw usageFailure(`this needs a yes, and there is nobody to ask: ${question}`, 'add --yes');
  }
  const { confirm } = await import('@inquirer/prompts');
  return confirm({ message: question, default: false }, { output: process.stderr });
}
