// What somebody does who types a page from top to bottom.

const FENCE = /^```(\w*)\n(.*?)^```$/gms;

/** `// app.mjs`, or `// app.mjs: node app.mjs`. */
const FIRST_LINE = /^\/\/ (\S+?\.m?js)(?:: (.+))?\n/;

/**
 * The fences of a page as steps, in their order.
 *
 * - `js` is a file, whose first line is its name, and, if there is one, the command that runs it.
 * - `sh` is a command.
 * - `text` is what the command above it prints; with no command above it in its section, a picture of what one of the
 *   page draws.
 */
export function stepsOf(page) {
  const steps = [];
  let end = 0;
  for (const { 0: fence, 1: language, 2: text, index } of page.matchAll(FENCE)) {
    const line = page.slice(0, index).split('\n').length;
    const opensSection = /^#/m.test(page.slice(end, index));
    addStep(steps, { language, text, line, opensSection });
    end = index + fence.length;
  }
  return [...steps, ...filesThatNobodyRuns(steps)];
}

function addStep(steps, { language, text, line, opensSection }) {
  switch (language) {
    case 'js': {
      const [, file, command] = FIRST_LINE.exec(text) ?? [];
      if (file === undefined) {
        throw new Error(`line ${line}: the first line of a program is its name`);
      }
      steps.push({ line, file, text, command });
      break;
    }
    case 'sh':
      steps.push({ line, command: text });
      break;
    case 'text': {
      const last = steps.at(-1);
      if (last?.command !== undefined && last.prints === undefined && !opensSection) {
        last.prints = text;
      } else {
        steps.push({ line, picture: text });
      }
      break;
    }
    default:
      throw new Error(`line ${line}: nothing is known of fences in ${language}`);
  }
}

/** A file that no command names is run by itself. */
function filesThatNobodyRuns(steps) {
  const commands = steps.map(({ command }) => command ?? '').join('\n');
  return steps
    .filter(({ file }) => file !== undefined && !commands.includes(file))
    .map(({ line, file }) => ({ line, command: `node ${file}` }));
}
