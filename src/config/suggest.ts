/** Longer words are compared by their beginning, because a name that somebody mistyped is short. */
const COMPARED_LENGTH = 80;

/** The candidates nearest to a mistyped word, three at most; none if it is far from all. */
export function nearest(word: string, candidates: readonly string[]): string[] {
  const typed = word.slice(0, COMPARED_LENGTH).toLowerCase();
  let least = Math.max(2, Math.floor(typed.length * 0.4));
  let found: string[] = [];
  for (const candidate of candidates) {
    const distance = editDistance(typed, candidate.toLowerCase());
    if (distance > least) {
      continue;
    }
    found = distance < least ? [candidate] : [...found, candidate];
    least = distance;
  }
  return found.slice(0, 3);
}

/** The end of a message about a mistyped word. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`;
}

function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
