export declare function lasting(output: string): string[];
