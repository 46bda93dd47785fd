// The package in Node: the same module as in a page, initialised from the file beside it.
import { readFileSync } from "node:fs";
import { initSync } from "./hefu.js";

initSync({ module: readFileSync(new URL("./hefu_bg.wasm", import.meta.url)) });
export * from "./hefu.js";
