import { createRequire } from 'node:module';
import type * as Grpc from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

// Required, as the exporter does.
const require = createRequire(__filename);

/** What came with one export. */
interface Export {
  /** In protobuf; texts are in it as they are. */
  readonly spans: Buffer;
  readonly traceparents: number;
}

export interface OtlpGrpcServer {
  readonly url: string;
  readonly exports: readonly Export[];
}

/** Takes the traces that an exporter of OTLP over gRPC sends. */
export async function otlpGrpcServer(): Promise<OtlpGrpcServer> {
  const grpc: typeof Grpc = require('@grpc/grpc-js');
  const exports: Export[] = [];
  const server = new grpc.Server();
  const bytes = (value: Buffer): Buffer => value;
  const Export = {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    responseSerialize: bytes,
    requestDeserialize: bytes,
    responseDeserialize: bytes,
  };
  server.addService(
    { Export },
    {
      Export({ request, metadata }: Grpc.ServerUnaryCall<Buffer, Buffer>, reply: Grpc.sendUnaryData<Buffer>) {
        exports.push({ spans: request, traceparents: metadata.get('traceparent').length });
        reply(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { url: `http://127.0.0.1:${port}`, exports };
}
