// To be loaded before.
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK({ serviceName: 'earlier' });
sdk.start();
process.once('beforeExit', () => sdk.shutdown());
