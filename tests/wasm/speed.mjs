// Times the browser package over proofs that `cargo run --example proof_sizes -- --out FOLDER` wrote, and prints a
// table: microseconds to verify each, the median of many. node speed.mjs PACKAGE FOLDER
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, proofs] = process.argv.slice(2).map((path) => resolve(path));
const loadBegun = performance.now();
const { openNetwork } = await import(pathToFileURL(join(folder, "node.mjs")));
const loaded = performance.now() - loadBegun;

/** Microseconds of the processor, the median of five batches: what else runs on the machine is not in it. */
function median(what) {
  const batches = Array.from({ length: 5 }, () => {
    const begun = process.cpuUsage();
    let times = 0, spent = 0;
    while (times < 5 || spent < 50_000) {
      what();
      times += 1;
      const { user, system } = process.cpuUsage(begun);
      spent = user + system;
    }
    return spent / times;
  });
  batches.sort((a, b) => a - b);
  return Math.round(batches[2]);
}

console.log(`Node ${process.version}; the module is loaded and compiled in ${Math.round(loaded)} ms`);
console.log("| records | validators | proof | bytes | verify in wasm us |");
console.log("| --: | --: | --- | --: | --: |");
const worlds = readdirSync(proofs).map((name) => name.split("-").map(Number));
worlds.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
for (const [records, validators] of worlds) {
  const world = join(proofs, `${records}-${validators}`);
  const json = readFileSync(join(world, "network.json"));
  const network = openNetwork(json);
  const opening = median(() => openNetwork(json).free());
  console.log(`| ${records} | ${validators} | (reading the network file) | ${json.length} | ${opening} |`);
  for (const line of readFileSync(join(world, "list.tsv"), "utf8").trim().split("\n")) {
    const [file, name] = line.split("\t");
    const bytes = readFileSync(join(world, file));
    const kind = file.endsWith(".receipt") ? "receipt" : "certificate";
    const us = median(() => network.check(kind, bytes));
    console.log(`| ${records} | ${validators} | ${name} | ${bytes.length} | ${us} |`);
  }
}
