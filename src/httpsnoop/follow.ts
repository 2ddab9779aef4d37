import { ServerResponse } from 'node:http';
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import { unwatchConnections, watchConnections } from './connection.js';
import { FollowedResponse, type Http1Follower } from './http1-follower.js';
import { followHttp1, installHttp1Layer, removeHttp1Layer } from './http1-layer.js';
import type { Http2Follower } from './http2-follower.js';
import { followHttp2, removeHttp2Layer } from './http2-layer.js';
import type { ResponseObserver } from './response-observer.js';

/**
 * Whether the prototype of responses is patched. Node does not export that of streams: the first one shows it.
 */
let isPrepared = false;

export function prepareToFollow(): void {
  if (!isPrepared) {
    isPrepared = true;
    watchConnections();
    installHttp1Layer();
  }
}

type Followable = ServerResponse | Http2ServerResponse | ServerHttp2Stream;

/**
 * Follows a response from now until it closes. What happened before is told as far as it can still be seen: a head that
 * was already written, at once.
 *
 * The methods of Node's own responses are found on their prototypes, which are patched by the first call, and stay so
 * until `unfollow`. There they lie below whatever others lay over a single response, such as what compresses it.
 */
export function follow(response: Followable, observer: ResponseObserver): void {
  if (!isPrepared) {
    prepareToFollow();
  }
  followerOf(response).tell(observer);
}

/** The follower of a response, which has one from now on. For whoever has prepared to follow. */
export function followerOf(response: Followable): Http1Follower | Http2Follower {
  if (response instanceof ServerResponse) {
    return followHttp1(response);
  }
  if (isStream(response)) {
    return followHttp2(response);
  }
  return isHttp2(response) ? followHttp2(response.stream) : followHttp1(response);
}

/** How many bytes of a body were written, and told to no observer yet. Node may hand them on a tick later. */
export function heldBack(response: object): number {
  return FollowedResponse.by(response)?.heldBack() ?? 0;
}

/**
 * Puts back every prototype as it was. What is followed is followed to its end.
 *
 * @param layOver Called with the companions of each response that is under way.
 */
export function unfollow(layOver: (companion: object) => void): void {
  isPrepared = false;
  for (const follower of [...removeHttp1Layer(), ...removeHttp2Layer()]) {
    for (const companion of follower.companions) {
      layOver(companion);
    }
  }
  unwatchConnections();
}

function isStream(response: object): response is ServerHttp2Stream {
  return 'pushStream' in response;
}

/** Programs hang all sorts of things on a response of HTTP/1, a `stream` among them. */
function isHttp2(response: object): response is Http2ServerResponse {
  return 'stream' in response && !('_send' in response);
}
