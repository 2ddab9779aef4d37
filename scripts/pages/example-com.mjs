// Node runs this first in the programs of a page: https://example.com/ is a server of this machine for them.
import net from 'node:net';

const { EXAMPLE_COM_PORT } = process.env;
const { connect } = net.Socket.prototype;

net.Socket.prototype.connect = function connectHere(...args) {
  const [options, listener] = Array.isArray(args[0]) ? args[0] : args;
  return options?.host === 'example.com' && Number(options.port) === 443
    ? connect.call(this, { ...options, host: 'localhost', port: Number(EXAMPLE_COM_PORT) }, listener)
    : connect.apply(this, args);
};
