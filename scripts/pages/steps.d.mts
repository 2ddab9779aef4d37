/** One fence of a page, or two: what is typed, and what that prints. */
export interface Step {
  line: number;
  file?: string;
  text?: string;
  command?: string;
  prints?: string;
  picture?: string;
}

export declare function stepsOf(page: string): Step[];
