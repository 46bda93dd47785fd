// What the browser package says of a document with its receipt, in Node. Ends with 0 (yes), 1 (no) or 2 (could not tell).
//
//   node verify.mjs PACKAGE NETWORK RECEIPT DOCUMENT
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, networkFile, receipt, document] = process.argv.slice(2).map((path) => resolve(path));
const { openNetwork } = await import(pathToFileURL(join(folder, "node.mjs")));
const answer = openNetwork(readFileSync(networkFile)).verify({
  now: Date.now(),
  file: readFileSync(document),
  fileName: basename(document),
  receipts: [readFileSync(receipt)],
});
for (const { name, answer: told, en } of answer.dimensions) console.log(`${name}: ${told}: ${en}`);
for (const { which, code, en } of answer.refused) console.log(`${which} refused: ${code}: ${en}`);
console.log(answer.verdict);
process.exit(["yes", "no", "could-not-tell"].indexOf(answer.verdict));
