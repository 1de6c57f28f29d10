/** What exit statuses mean for one command, where that is more than the program's own meaning. */
export type ExitMeanings = Readonly<Record<number, string>>;

/** What exit statuses of commands that call the API mean; docs/cli.md has the same table. */
export const API_COMMAND_EXITS: ExitMeanings = {
  0: 'done',
  1: 'failed',
  2: 'usage: the command line cannot be meant',
  3: 'the input is not valid',
  4: 'the token is missing, unknown or may not do this',
  5: 'not found',
  6: 'conflict with what is there',
  7: 'the API cannot be reached, or not in time',
  130: 'interrupted (Ctrl-C)',
};

/** What exit statuses of the commands that run a part of the platform mean. */
export const SERVER_EXITS: ExitMeanings = {
  0: 'stopped in good order',
  1: 'could not start, or did not stop in time',
  2: 'usage: the command line cannot be meant',
};

/** What exit statuses of the commands that only print something of their own mean. */
export const LOCAL_COMMAND_EXITS: ExitMeanings = {
  0: 'done',
  1: 'failed',
  2: 'usage: the command line cannot be meant',
};
