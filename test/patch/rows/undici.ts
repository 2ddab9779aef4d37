import { buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { Look, PatchedRow } from '../../support/peers/looked-at.js';
import { httpServer } from '../../support/servers/truthful-server.js';

/** What all dispatchers of the installed undici share. */
const BASE: object = Object.getPrototypeOf(Client.prototype);

/** Calls `dispatch` itself, and looks at what is in the program's hands until the response has ended. */
function lookAt(look: Look, dispatcher: Dispatcher, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => look.at(`${name}: started`, { dispatcher, handler }),
      onResponseStart: () => look.at(`${name}: answered`, { dispatcher, handler }),
      onResponseData: () => look.at(`${name}: body`, { dispatcher, handler }),
      onResponseEnd: () => {
        look.at(`${name}: over`, { dispatcher, handler });
        resolve();
      },
      onResponseError: (_controller, error) => reject(error),
    };
    dispatcher.dispatch({ path: '/', method: 'GET' }, handler);
    look.at(`${name}: called`, { dispatcher, handler });
  });
}

export const UNDICI_ROWS: readonly PatchedRow[] = [
  {
    name: 'dispatchers of undici and the handlers of calls',
    methods: [[BASE, 'dispatch']],
    async run(look) {
      const { origin } = await httpServer((_req, res) => res.end('hello'));
      const connector = buildConnector({});
      const client: Client = new Client(origin, {
        // A client dials while it is called.
        connect: (options, done) => {
          look.at('dials', { client });
          connector(options, done);
        },
      });
      await lookAt(look, client, 'first');
      await lookAt(look, client, 'reused');
      await client.close();
      // The second waits for the connection of the first.
      const pool = new Pool(origin, { connections: 1 });
      await Promise.all([lookAt(look, pool, 'pooled'), lookAt(look, pool, 'waiting')]);
      await pool.close();
    },
  },
];
