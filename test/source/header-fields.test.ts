import { expect, it } from 'vitest';
import { headerFields } from '../../src/source/header-fields.js';

it.each<[what: string, head: string, fields: [string, string[]][]]>([
  ['no fields', 'GET / HTTP/1.1\r\n\r\n', []],
  ['nothing', '', []],
  [
    'fields, by lower-case names in their order',
    'GET / HTTP/1.1\r\nHost: a.io\r\nX-One:1\r\nx-two:  2 \r\n\r\n',
    [
      ['host', ['a.io']],
      ['x-one', ['1']],
      ['x-two', ['2']],
    ],
  ],
  [
    'a field on several lines',
    'GET / HTTP/1.1\r\nX-Many: 1\r\nHost: a.io\r\nx-many: 2\r\n\r\n',
    [
      ['x-many', ['1', '2']],
      ['host', ['a.io']],
    ],
  ],
  [
    'a target with a colon',
    'GET http://a.io:80/x:y HTTP/1.1\r\nHost: a.io:80\r\n\r\n',
    [['host', ['a.io:80']]],
  ],
  ['an empty field', 'GET / HTTP/1.1\r\nX-Empty:\r\n\r\n', [['x-empty', ['']]]],
  [
    'fields of HTTP/2',
    ':method: GET\r\n:path: /\r\naccept: */*\r\n',
    [
      [':method', ['GET']],
      [':path', ['/']],
      ['accept', ['*/*']],
    ],
  ],
])('takes %s out of a head', (_what, head, fields) => {
  expect([...headerFields(head)]).toEqual(fields);
});
