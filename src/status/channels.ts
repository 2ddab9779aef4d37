import type { ChannelName } from '../source/channels.js';
import { PUBLISHES_STREAMS } from '../source/http2/unpublished-streams.js';
import type { ChannelUse } from '../source/subscribe.js';
import { loadedVersions } from './packages.js';

/** One diagnostics channel that is listened to. */
export interface ChannelStatus {
  /**
   * The publishers, such as `node 24.21.0`, `undici 7.29.1 (in Node)` or `undici 8.12.4`. Empty if nobody publishes on this
   * channel. Then the facts come in another way or are missing. An installed undici shows when it is loaded.
   */
  readonly publishers: readonly string[];
  /** Whether this instance or any other listens. */
  readonly listening: boolean;
  /** Messages since the first instance was enabled. */
  readonly messages: number;
}

type Publisher = 'node' | 'undici';

interface Published {
  readonly by: Publisher;
  /** The release that brought the channel; `ALWAYS` if every supported release has it. */
  readonly since: readonly [major: number, minor: number];
}

const ALWAYS = [0, 0] as const;
const NODE: Published = { by: 'node', since: ALWAYS };
const HTTP2_STREAMS: Published = {
  by: 'node',
  since: PUBLISHES_STREAMS ? ALWAYS : [Number.POSITIVE_INFINITY, 0],
};
const UNDICI: Published = { by: 'undici', since: ALWAYS };

const CHANNELS: Partial<Record<ChannelName, Published>> = {
  'http.client.request.created': { by: 'node', since: [22, 12] },
  'http.client.response.finish': NODE,
  'net.client.socket': NODE,
  'http2.client.stream.start': HTTP2_STREAMS,
  'http2.client.stream.bodyChunkSent': HTTP2_STREAMS,
  'http2.client.stream.bodySent': HTTP2_STREAMS,
  'undici:request:create': UNDICI,
  'undici:client:beforeConnect': UNDICI,
  'undici:client:connected': UNDICI,
  'undici:client:connectError': UNDICI,
  'undici:client:sendHeaders': UNDICI,
  'undici:request:bodyChunkSent': { by: 'undici', since: [7, 11] },
  'undici:request:bodySent': UNDICI,
  'undici:request:headers': UNDICI,
  'undici:request:bodyChunkReceived': { by: 'undici', since: [7, 11] },
  'undici:request:trailers': UNDICI,
  'undici:request:error': UNDICI,
};

interface Release {
  readonly name: string;
  readonly version: string;
}

export function channelStatuses(
  uses: ReadonlyMap<string, Readonly<ChannelUse>>,
): Record<string, ChannelStatus> {
  const { node, undici = '' } = process.versions;
  const releases: Record<Publisher, Release[]> = {
    node: [{ name: `node ${node}`, version: node }],
    undici: [
      { name: `undici ${undici} (in Node)`, version: undici },
      ...loadedVersions('undici').map((version) => ({ name: `undici ${version}`, version })),
    ],
  };
  return Object.fromEntries(
    Object.entries(CHANNELS).map(([name, { by, since }]) => [
      name,
      {
        publishers: releases[by].filter(({ version }) => isAtLeast(version, since)).map(({ name }) => name),
        listening: (uses.get(name)?.listeners ?? 0) > 0,
        messages: uses.get(name)?.messages ?? 0,
      },
    ]),
  );
}

function isAtLeast(version: string, [wantedMajor, wantedMinor]: Published['since']): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
