export interface Surroundings {
  folder: string;
  checkout: string;
  env: NodeJS.ProcessEnv;
  spans: readonly unknown[];
}

export declare function walk(page: string, surroundings: Surroundings): Promise<number>;
