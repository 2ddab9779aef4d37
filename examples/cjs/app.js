const http = require('node:http');
const https = require('node:https');

const url = process.argv[2] ?? 'https://example.com/';
const { get } = url.startsWith('https:') ? https : http;

get(url, (response) => {
  response.resume().on('end', () => console.log(response.statusCode));
});
