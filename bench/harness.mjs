/**
 * Times several ways of doing the same work, side by side in one process: they take turns, round by round, so that
 * whatever else the machine does befalls all of them. The fastest round counts: the rest of the machine only adds.
 *
 * @param {{ name: string, setUp?: () => void, tearDown?: () => void, work: () => void }[]} subjects
 * @returns {{ name: string, ns: number }[]} Nanoseconds for each unit of work.
 */
export function sideBySide(subjects, { rounds = 31, unitsPerRound = 10_000, warmUpRounds = 3 } = {}) {
  const times = subjects.map(() => []);
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const [index, { setUp, tearDown, work }] of subjects.entries()) {
      setUp?.();
      const start = process.hrtime.bigint();
      for (let unit = 0; unit < unitsPerRound; unit++) {
        work();
      }
      const elapsed = Number(process.hrtime.bigint() - start);
      tearDown?.();
      if (round >= 0) {
        times[index].push(elapsed / unitsPerRound);
      }
    }
  }
  return subjects.map(({ name }, index) => ({ name, ns: Math.min(...times[index]) }));
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Prints rows as a Markdown table, and says where they were measured. */
export function printTable(title, columns, rows) {
  console.log(`\n### ${title}\n`);
  console.log(`| ${columns.join(' | ')} |`);
  console.log(`|${columns.map((_, index) => (index === 0 ? ' --- ' : ' ---: ')).join('|')}|`);
  for (const row of rows) {
    console.log(`| ${row.join(' | ')} |`);
  }
}

/**
 * Prints what a request takes.
 *
 * @param {{ name: string, nsPerRequest: number, ratio: number }[]} rows
 */
export function printRequests(title, ratioTo, rows) {
  printTable(
    title,
    ['', 'ns per request', ratioTo],
    rows.map(({ name, nsPerRequest, ratio }) => [name, nsPerRequest.toFixed(0), ratio.toFixed(2)]),
  );
}
