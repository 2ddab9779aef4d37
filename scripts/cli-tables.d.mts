/** What the program says of itself. */
export interface CliKnowledge {
  readonly OPTION_GROUPS: object;
  readonly EXIT: object;
  readonly EXIT_MEANINGS: object;
  readonly VARIABLES: ReadonlyMap<string, { readonly help: string }>;
}

/** The page `docs/cli.md` with its tables as they should be. */
export function withCliTables(page: string, knowledge: CliKnowledge): string;
