/** Deno and Bun have classes of Node's names, and write what they send by ways of their own, where no byte is seen. */
export const seesBytes = process.versions.deno === undefined && process.versions.bun === undefined;
