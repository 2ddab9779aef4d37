/** The pages that a newcomer types; docs/troubleshooting.md has a test of its own. */
export const PAGES = ['README.md', 'docs/cli.md', 'docs/configuration.md', 'docs/connections.md'];
