import { createRequire } from 'node:module';
import type * as Grpc from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

// Required, so that whoever hooks `require` sees it.
const require = createRequire(__filename);

const write = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const read = (bytes: Buffer): unknown => JSON.parse(bytes.toString());

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/shop.Cart/${name}`,
  requestStream,
  responseStream,
  requestSerialize: write,
  responseSerialize: write,
  requestDeserialize: read,
  responseDeserialize: read,
});

/** One method of each kind, and two that fail. */
const CART = {
  Total: method('Total', false, false),
  Collect: method('Collect', true, false),
  Items: method('Items', false, true),
  Echo: method('Echo', true, true),
  Missing: method('Missing', false, false),
  Hang: method('Hang', false, false),
};

type Done = (error: Grpc.ServiceError | null, value: unknown) => void;

/** A generic client has a method for each of the service. */
type CartClient = Grpc.Client & {
  Total(items: string[], done: Done): Grpc.ClientUnaryCall;
  Collect(done: Done): Grpc.ClientWritableStream<string>;
  Items(items: string[]): Grpc.ClientReadableStream<string>;
  Echo(): Grpc.ClientDuplexStream<string, string>;
  Missing(items: string[], done: Done): Grpc.ClientUnaryCall;
  Hang(items: string[], options: Grpc.CallOptions, done: Done): Grpc.ClientUnaryCall;
};

export interface Shop {
  readonly port: number;
  /** How many `traceparent` came with each call. */
  readonly traceparents: readonly number[];
  /** A client whose connection is there. */
  client(): Promise<CartClient>;
}

export async function openShop(): Promise<Shop> {
  const grpc: typeof Grpc = require('@grpc/grpc-js');
  const traceparents: number[] = [];
  const server = new grpc.Server();
  const note = ({ metadata }: { metadata: Grpc.Metadata }) =>
    void traceparents.push(metadata.get('traceparent').length);
  server.addService(CART, {
    Total(call: Grpc.ServerUnaryCall<string[], number>, reply: Grpc.sendUnaryData<number>) {
      note(call);
      reply(null, call.request.length);
    },
    Collect(call: Grpc.ServerReadableStream<string, number>, reply: Grpc.sendUnaryData<number>) {
      note(call);
      let count = 0;
      call.on('data', () => count++).on('end', () => reply(null, count));
    },
    Items(call: Grpc.ServerWritableStream<string[], string>) {
      note(call);
      for (const item of call.request) {
        call.write(item);
      }
      call.end();
    },
    Echo(call: Grpc.ServerDuplexStream<string, string>) {
      note(call);
      call.on('data', (item) => call.write(item)).on('end', () => call.end());
    },
    Missing(call: Grpc.ServerUnaryCall<string[], number>, reply: Grpc.sendUnaryData<number>) {
      note(call);
      reply({ code: grpc.status.NOT_FOUND, details: 'no cart' });
    },
    Hang(call: Grpc.ServerUnaryCall<string[], number>, reply: Grpc.sendUnaryData<number>) {
      note(call);
      call.on('cancelled', () => reply({ code: grpc.status.CANCELLED }));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => server.forceShutdown());
  const Client = grpc.makeGenericClientConstructor(CART, 'Cart');
  return {
    port,
    traceparents,
    async client() {
      const client = new Client(
        `127.0.0.1:${port}`,
        grpc.credentials.createInsecure(),
      ) as unknown as CartClient;
      onTestFinished(() => client.close());
      await new Promise<void>((resolve, reject) => {
        client.waitForReady(Date.now() + 5_000, (error) => (error ? reject(error) : resolve()));
      });
      return client;
    },
  };
}

/** One call of each kind, and what came of it. */
export async function shop(client: CartClient): Promise<unknown[]> {
  const unary = (call: (done: Done) => unknown) =>
    new Promise((resolve) => call((error, value) => resolve(error?.code ?? value)));
  const total = await unary((done) => client.Total(['a', 'b'], done));
  const collected = await unary((done) => {
    const call = client.Collect(done);
    call.write('a');
    call.end('b');
  });
  const items = [];
  for await (const item of client.Items(['x', 'y', 'z'])) {
    items.push(item);
  }
  const echoed = [];
  const echo = client.Echo();
  echo.write('hello');
  for await (const item of echo) {
    echoed.push(item);
    echo.end();
  }
  const missing = await unary((done) => client.Missing([], done));
  const late = await unary((done) => client.Hang([], { deadline: Date.now() + 50 }, done));
  return [total, collected, items, echoed, missing, late];
}

/** What the calls of `shop` give. */
export const SHOPPED = [2, 2, ['x', 'y', 'z'], ['hello'], 5, 4];
