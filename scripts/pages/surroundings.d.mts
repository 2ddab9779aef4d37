import type { Surroundings } from './walk.mjs';

export declare function withSurroundings<T>(
  body: (surroundings: Pick<Surroundings, 'env' | 'spans'>) => Promise<T>,
): Promise<T>;
