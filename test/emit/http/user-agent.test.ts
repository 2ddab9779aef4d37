import { describe, expect, it } from 'vitest';
import { syntheticType } from '../../../src/emit/http/user-agent.js';

describe('syntheticType', () => {
  it.each([
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'bot'],
    ['Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', 'bot'],
    ['Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)', 'bot'],
    ['Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)', 'bot'],
    ['facebookexternalhit/1.1', 'bot'],
    ['AlwaysOn', 'test'],
    ['Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)', 'test'],
    ['Datadog/Synthetics', 'test'],
    ['GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)', 'test'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', undefined],
    ['Mozilla/5.0 (Linux; Android 11; CUBOT KINGKONG 5) AppleWebKit/537.36', undefined],
    ['Mozilla/5.0 (Linux; Android 11; CUBOT_X30) AppleWebKit/537.36', undefined],
    ['Robotics-Client/1.0', undefined],
    ['curl/8.5.0', undefined],
    ['node', undefined],
    ['', undefined],
  ])('%s is %s', (userAgent, type) => {
    expect(syntheticType(userAgent)).toBe(type);
  });
});
