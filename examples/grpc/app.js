import grpc from '@grpc/grpc-js';

const write = (value) => Buffer.from(JSON.stringify(value));
const read = (bytes) => JSON.parse(bytes.toString());
const method = (name, responseStream) => ({
  path: `/shop.Cart/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: write,
  responseSerialize: write,
  requestDeserialize: read,
  responseDeserialize: read,
});
const Cart = { Total: method('Total', false), Items: method('Items', true) };

// A service with a call that answers once, and one that streams its answer.
const server = new grpc.Server();
server.addService(Cart, {
  Total(call, reply) {
    setTimeout(() => reply(null, call.request.length), 20);
  },
  Items(call) {
    for (const item of call.request) {
      call.write(item);
    }
    call.end();
  },
});
const port = await new Promise((resolve, reject) => {
  const done = (error, bound) => (error ? reject(error) : resolve(bound));
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), done);
});

const Client = grpc.makeGenericClientConstructor(Cart, 'Cart');
const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());

const total = await new Promise((resolve, reject) => {
  client.Total(['apples', 'pears'], (error, value) => (error ? reject(error) : resolve(value)));
});
console.log(`${total} things`);

for await (const item of client.Items(['apples', 'pears'])) {
  console.log(item);
}

client.close();
server.forceShutdown();
