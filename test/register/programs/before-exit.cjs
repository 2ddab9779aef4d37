// Does more when everything is done.
process.once('beforeExit', () => setTimeout(() => process.stdout.write('last words\n'), 3_300));
require('./fetch.cjs');
