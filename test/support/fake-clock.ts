import { performance as clock } from 'node:perf_hooks';
import { beforeEach, vi } from 'vitest';

/** Timers and the time go on only when a test says so. */
export function useFakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    // Vitest replaces what the global of this name is, and not what the module gives.
    const now = vi.spyOn(clock, 'now').mockImplementation(() => performance.now());
    return () => {
      now.mockRestore();
      vi.useRealTimers();
    };
  });
}
