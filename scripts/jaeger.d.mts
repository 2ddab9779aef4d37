export declare const jaegerConfig: string;
export declare function findJaeger(): string | undefined;
