import { Duplex } from 'node:stream';

/**
 * A connection whose other end is this program: what is written to it is kept until it is asked for, what was read is
 * pushed into it. Neither the kernel nor another process has a part in it.
 */
export class FakeSocket extends Duplex {
  connecting = false;
  remoteAddress = '10.1.2.80';
  remotePort = 8080;
  remoteFamily = 'IPv4';
  localAddress = '10.1.2.3';
  localPort = 51234;
  #written;

  /** @param {(socket: FakeSocket, bytes: Buffer) => void} written Is told what the program under test writes. */
  constructor(written) {
    super();
    this.#written = written;
  }

  _read() {
    return undefined;
  }

  _write(bytes, _encoding, callback) {
    callback();
    this.#written(this, bytes);
  }

  _writev(chunks, callback) {
    callback();
    this.#written(this, Buffer.concat(chunks.map(({ chunk }) => chunk)));
  }

  setTimeout() {
    return this;
  }

  setNoDelay() {
    return this;
  }

  setKeepAlive() {
    return this;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }
}
