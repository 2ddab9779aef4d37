/**
 * What is the same for each run: no times, ports, addresses, identifiers and bars. In which order lines of different
 * processes or streams are read is not told.
 */
export function lasting(output) {
  return output
    .replaceAll(/[▏▕▎▍▌▋▊▉▐█━╺╸◆]+/g, '')
    .replaceAll(/\b[0-9a-f]{32}\b.*/g, 'TRACE')
    .replaceAll(/\+?\b[\d.]+ (?:ms|s)\b/g, 'TIME')
    .replaceAll(/:\d{4,5}\b(?!;| says)/g, ':PORT')
    .replaceAll(/ +/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort();
}
