// Sets up an SDK of its own, as a program does that does not know how it was started.
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { HttpTraceInstrumentation } = require('../../../dist/index.js');

new NodeSDK({ instrumentations: [new HttpTraceInstrumentation()], serviceName: 'own' }).start();
require('./fetch.cjs');
