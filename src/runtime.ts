/** Whether the bytes of a response can be seen. Deno and Bun have Node's classes, but write in ways that nobody sees. */
export const seesBytes = process.versions.deno === undefined && process.versions.bun === undefined;
