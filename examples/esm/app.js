const url = process.argv[2] ?? 'https://example.com/';

const first = await fetch(url);
console.log(first.status, (await first.text()).length, 'characters');

// The connection is back in the pool after a moment: the second request finds it there.
await new Promise((resolve) => setTimeout(resolve, 50));
const second = await fetch(url);
console.log(second.status, (await second.text()).length, 'characters');
