import {
  USER_AGENT_SYNTHETIC_TYPE_VALUE_BOT,
  USER_AGENT_SYNTHETIC_TYPE_VALUE_TEST,
} from '../../semconv/semconv.js';

const MONITORS =
  /alwayson|checkly|datadog\/synthetics|pingdom|site24x7|statuscake|uptime-?checks|uptimerobot/i;
/** Crawlers that say so. `Cubot` makes telephones. */
const CRAWLERS = /(?<!\bcu)bot\b|crawler|spider|slurp|facebookexternalhit|mediapartners-google/i;

/** `user_agent.synthetic.type`; `undefined` for a request that may be a person's or a program's own. */
export function syntheticType(userAgent: string): string | undefined {
  if (MONITORS.test(userAgent)) {
    return USER_AGENT_SYNTHETIC_TYPE_VALUE_TEST;
  }
  return CRAWLERS.test(userAgent) ? USER_AGENT_SYNTHETIC_TYPE_VALUE_BOT : undefined;
}
