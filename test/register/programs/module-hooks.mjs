import { register } from 'node:module';

// An empty module is a set of hooks that change nothing.
register('data:text/javascript,');
